#!/usr/bin/env node
// Builds the CUDA backend on a device that is played on the host, with which the tests go through it.
import { buildHostDevice } from "./cmake.mjs";
import { provideCuda } from "./cuda.mjs";
import { reporting } from "./failure.mjs";

await reporting("build of the host device", () => buildHostDevice(provideCuda()));
