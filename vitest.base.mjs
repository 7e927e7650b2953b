// What all packages test alike: their own specs, and those that start whole commands, kernels or browsers.
import { defineConfig } from "vitest/config";

const shared = (report) => ({
  pool: "forks",
  reporters: ["default", ["json", { outputFile: `test-results/${report}.json` }]],
});

export const unitTests = defineConfig({
  test: {
    ...shared("vitest"),
    include: ["src/**/*.spec.ts"],
    exclude: ["src/e2e/**"],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

export const endToEndTests = (milliseconds) =>
  defineConfig({
    test: {
      ...shared("e2e"),
      include: ["src/e2e/**/*.spec.ts"],
      maxWorkers: 1,
      testTimeout: milliseconds,
      hookTimeout: milliseconds,
    },
  });
