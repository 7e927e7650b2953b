#!/usr/bin/env node
// Prints what of the tools a native build depends on.
import { toolVersions } from "./toolchain.mjs";

console.log(toolVersions());
