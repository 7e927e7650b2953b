import type { OpCase } from "./cases.js";
import { convolutionCases } from "./convolution-cases.js";
import { elementwiseCases } from "./elementwise-cases.js";
import { lossCases } from "./loss-cases.js";
import { normalizationCases } from "./normalization-cases.js";
import { optimizerCases } from "./optimizer-cases.js";
import { poolingCases } from "./pooling-cases.js";
import { shapeCases } from "./shape-cases.js";

/** Cases of every op, by its name. */
export const opCases: Readonly<Record<string, readonly OpCase[]>> = {
  ...convolutionCases,
  ...normalizationCases,
  ...elementwiseCases,
  ...poolingCases,
  ...lossCases,
  ...shapeCases,
  ...optimizerCases,
};
