// Ten optimizer steps on the device, against PyTorch's golden, and a digest of all bits that they leave.
import { createHash } from "node:crypto";
import { Store } from "../../engine/store.js";
import {
  golden,
  LOSS_TOLERANCE,
  PARAMETER_TOLERANCE,
  runTenSteps,
  worstLoss,
  worstSample,
} from "../../train/testing/ten-steps.js";
import { answer } from "./part.js";

const store = Store.open({ device: "cuda" });
const results = await runTenSteps(store);
const loss = worstLoss(results);
let sample = 0;
for (const name of Object.keys(golden.tensors)) sample = Math.max(sample, await worstSample(store, name));
const hash = createHash("sha256").update(JSON.stringify(results.map((result) => result.loss)));
for (const name of store.names().toSorted()) hash.update(name).update((await store.read(name)).data);
await store.dispose();
const holds = loss < LOSS_TOLERANCE && sample < PARAMETER_TOLERANCE;
answer({ holds, worstLoss: loss, worstSample: sample, digest: hash.digest("hex") });
