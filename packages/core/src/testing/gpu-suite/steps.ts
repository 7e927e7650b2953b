// Ten optimizer steps on the device, against PyTorch's golden, and a digest of all bits that they leave: steps.js <precision>
import { createHash } from "node:crypto";
import { Store } from "../../engine/store.js";
import { golden, runTenSteps, TOLERANCES, worstLoss, worstSample } from "../../train/testing/ten-steps.js";
import { answer } from "./part.js";

const store = Store.open({ device: "cuda" });
const precision = process.argv.includes("bf16") ? "bf16" : "f32";
const results = await runTenSteps(store, precision);
const loss = worstLoss(results);
let sample = 0;
for (const name of Object.keys(golden.tensors)) sample = Math.max(sample, await worstSample(store, name));
const hash = createHash("sha256").update(JSON.stringify(results.map((result) => result.loss)));
for (const name of store.names().toSorted()) hash.update(name).update((await store.read(name)).data);
await store.dispose();
const tolerance = TOLERANCES[precision];
const holds = loss < tolerance.loss && sample < tolerance.parameter;
answer({ holds, precision, worstLoss: loss, worstSample: sample, digest: hash.digest("hex") });
