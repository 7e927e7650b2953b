import nx from "@nx/eslint-plugin";
import typescript from "typescript-eslint";

/** The import rules of docs/architecture.md: package -> the packages that it may import. */
const mayImport = {
  "cuda-kernels": [],
  core: ["cuda-kernels"],
  datasets: [],
  "mlflow-ts-client": [],
  experiments: ["core", "datasets", "mlflow-ts-client"],
  notebooks: ["core", "datasets", "mlflow-ts-client"],
  benchmarks: ["core", "cuda-kernels", "datasets", "experiments"],
  tools: [],
};

const depConstraints = Object.entries(mayImport).map(([name, imports]) => ({
  sourceTag: `package:${name}`,
  onlyDependOnLibsWithTags: [name, ...imports].map((allowed) => `package:${allowed}`),
}));

export default typescript.config(
  {
    ignores: [
      "**/dist/**",
      "**/dist-spec/**",
      "**/build/**",
      "**/build-cuda/**",
      "**/build-host-device/**",
      "**/test-results/**",
      ".dualpath/**",
      "runs/**",
      "**/*.ipynb",
      "tools/fixtures/**",
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  ...nx.configs["flat/base"],
  {
    files: ["**/*.ts"],
    extends: [...typescript.configs.recommended],
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "prefer-const": "error",
      "no-console": "error",
      eqeqeq: "error",
    },
  },
  { files: ["packages/experiments/src/**/*.ts", "benchmarks/**/*.ts"], rules: { "no-console": "off" } },
  {
    files: ["**/*.ts", "**/*.mjs"],
    rules: {
      "@nx/enforce-module-boundaries": [
        "error",
        {
          depConstraints,
          allow: ["/vitest\\.base\\.mjs$"],
          banTransitiveDependencies: false,
          enforceBuildableLibDependency: false,
        },
      ],
    },
  },
);
