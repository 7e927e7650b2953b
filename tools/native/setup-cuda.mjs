#!/usr/bin/env node
// Provides what builds and runs the CUDA binary; done at once where it is there. Prints where it came from.
import { provideCuda } from "./cuda.mjs";
import { reporting } from "./failure.mjs";

await reporting("CUDA set-up", () => console.log(`CUDA: ${provideCuda().nvcc}`));
