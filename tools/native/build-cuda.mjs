#!/usr/bin/env node
// Builds the addon for CUDA as a second binary, and compares what its kernels need with the checked-in list.
import { buildForCuda, cudaBuild, project } from "./cmake.mjs";
import { provideCuda } from "./cuda.mjs";
import { reporting } from "./failure.mjs";
import { checkResources } from "./resources.mjs";

await reporting("CUDA build", () => {
  const toolkit = provideCuda();
  buildForCuda(toolkit);
  checkResources(cudaBuild, project, toolkit.pinned);
});
