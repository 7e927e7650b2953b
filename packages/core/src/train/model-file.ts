import type { Store } from "../engine/store.js";
import { dualPath, type DualPath } from "../models/dual-path.js";
import { averageKey } from "../optim/update.js";
import {
  checkSameModel,
  loadTensors,
  readCheckpointHeader,
  type CheckpointHeader,
  type RunDescription,
} from "./checkpoint.js";

/** A model as a checkpoint holds it. */
export interface LoadedModel {
  readonly model: DualPath;
  readonly header: CheckpointHeader;
}

/**
 * Loads a checkpoint's model into the Store: its moving averages where it holds some, as evaluation uses them. Throws
 * CHECKPOINT_MISSING or CHECKPOINT_CORRUPT for the file itself, CHECKPOINT_MODEL where it lacks a tensor. Given
 * `expected`, evaluation compares the side of the last ReLU that it names; any other difference is a CHECKPOINT_MODEL.
 */
export async function loadModel(
  path: string,
  store: Store,
  expected?: Pick<RunDescription, "model" | "sizes">,
): Promise<LoadedModel> {
  const header = await readCheckpointHeader(path);
  if (expected) checkSameModel(header, expected);
  const { model: own, sizes } = header.description;
  const { evaluationFeature } = expected?.model ?? own;
  const model = dualPath({ ...own, evaluationFeature }, sizes);
  await loadTensors(path, store, model.parameters);
  const averages = model.parameters.filter(({ name }) => header.names.includes(averageKey(name)));
  const declared = averages.map(({ name, shape }) => ({ name: averageKey(name), shape }));
  await loadTensors(path, store, declared);
  for (const { name, shape } of averages) {
    const { data } = await store.read(averageKey(name));
    await store.write(name, shape, "f32", data);
    await store.remove(averageKey(name));
  }
  return { model, header };
}
