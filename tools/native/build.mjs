#!/usr/bin/env node
// Builds the native addon. It runs before anything else is built, so it is plain JavaScript.
import { buildTarget } from "./cmake.mjs";
import { reporting } from "./failure.mjs";

await reporting("native build", () => buildTarget("dualpath_addon"));
