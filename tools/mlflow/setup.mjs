#!/usr/bin/env node
// Makes the Python environment that serves MLflow, once: node tools/mlflow/setup.mjs
import { join, resolve } from "node:path";
import { runSetUp } from "../set-up/once.mjs";
import { setUpPython } from "../set-up/python.mjs";

const root = resolve(import.meta.dirname, "../..");
const environment = resolve(process.env.DUALPATH_MLFLOW_ENV ?? join(root, ".dualpath", "mlflow-env"));

runSetUp("MLflow", () => {
  const requirements = join(import.meta.dirname, "requirements.txt");
  setUpPython({ title: "MLflow", environment, requirements, program: "mlflow" });
  return environment;
});
