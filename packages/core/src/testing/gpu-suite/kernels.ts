// The ten heaviest nodes of paper A's step on the device, beside what the device reaches at best: kernels.js <precision>
import { roofline, type Roofline } from "../../engine/roofline.js";
import { Store } from "../../engine/store.js";
import { precisionSchema } from "../../graph/precision.js";
import { dualPath } from "../../models/dual-path.js";
import { initialize } from "../../models/initialize.js";
import { profileStage, type NodeProfile } from "../../train/profile.js";
import { stageSchema } from "../../train/stage.js";
import { answer } from "./part.js";
import { batchOf, classes, modelConfig, picture, rehearsed, stageOf, vocabularySize } from "./workload.js";

const [batch, steps, heaviest] = rehearsed ? ([2, 1, 10] as const) : ([128, 5, 10] as const);
/** Large enough to fill a device and to pass by its caches. */
const extents = rehearsed ? { product: 256, sum: 1 << 20 } : { product: 8192, sum: 1 << 26 };

interface Row {
  readonly node: string;
  readonly op: string;
  readonly kernel: string;
  readonly milliseconds: number;
  readonly shareOfStep: number;
  readonly gigabytes: number;
  readonly gigaflops: number;
  /** What holds it back at best, and the share of that ceiling that it reaches. */
  readonly bound: "memory" | "arithmetic";
  readonly reached: number;
  /** Milliseconds above those that the ceiling allows. */
  readonly above: number;
}

const rowOf = (node: NodeProfile, total: number, ceilings: Roofline): Row => {
  const { milliseconds } = node;
  const [gigabytes, gigaflops] = [node.traffic / milliseconds / 1e6, node.flops / milliseconds / 1e6];
  const [memory, arithmetic] = [gigabytes / ceilings.gigabytes, gigaflops / ceilings.gigaflops];
  const reached = Math.max(memory, arithmetic);
  return {
    node: node.name,
    op: node.op,
    kernel: node.kernel,
    milliseconds,
    shareOfStep: milliseconds / total,
    gigabytes,
    gigaflops,
    bound: memory > arithmetic ? "memory" : "arithmetic",
    reached,
    above: milliseconds * (1 - Math.min(1, reached)),
  };
};

const store = Store.open({ device: "cuda" });
const model = dualPath(modelConfig, { classes, vocabulary: vocabularySize });
const stage = stageSchema.parse(stageOf(batch));
const ceilings = await roofline(store, { extents });
await initialize(store, model, 0);
const source = [picture, picture] as const;
const precision = precisionSchema.parse(process.argv[2]);
const timed = { store, model, stage, batch: batchOf(batch), source, steps, precision };
const nodes = await profileStage(timed);
await store.dispose();
const total = nodes.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
const rows = nodes
  .toSorted((a, b) => b.milliseconds - a.milliseconds)
  .slice(0, heaviest)
  .map((node) => rowOf(node, total, ceilings));
const holds = rows.length === heaviest && rows.every(({ milliseconds }) => milliseconds > 0);
answer({ holds, precision, batch, milliseconds: total, ceilings, rows });
