import type { OpRow } from "../graph/op.js";
import { adamOp } from "./adam.js";
import { addOp, divideOp, multiplyOp, subtractOp } from "./arithmetic.js";
import { averagePoolGradOp, averagePoolOp } from "./average-pool.js";
import { batchNormOp } from "./batch-norm.js";
import { batchNormAddReluOp } from "./batch-norm-add-relu.js";
import { batchNormAddReluGradOp } from "./batch-norm-add-relu-grad.js";
import { batchNormFrozenOp } from "./batch-norm-frozen.js";
import { batchNormFrozenGradOp } from "./batch-norm-frozen-grad.js";
import { batchNormGradOp } from "./batch-norm-grad.js";
import { biasAddOp, biasGradOp } from "./bias-add.js";
import { broadcastToOp } from "./broadcast-to.js";
import { castOp } from "./cast.js";
import { classifierCrossEntropyGradOp, classifierCrossEntropyOp } from "./classifier-cross-entropy.js";
import { clipScaleOp, sumSquaresOp } from "./clip.js";
import { concatOp } from "./concat.js";
import { conv2dOp } from "./conv2d.js";
import { conv2dBiasOp } from "./conv2d-bias.js";
import { conv2dGradWOp } from "./conv2d-grad-w.js";
import { conv2dGradXOp } from "./conv2d-grad-x.js";
import { countGreaterOp } from "./count-greater.js";
import { cropResizeOp } from "./crop-resize.js";
import { dropoutOp } from "./dropout.js";
import { embeddingGradOp, embeddingOp } from "./embedding.js";
import { fillOp } from "./fill.js";
import { gatherRowsGradOp, gatherRowsOp } from "./gather-rows.js";
import { globalAveragePoolGradOp, globalAveragePoolOp } from "./global-average-pool.js";
import { globalMaxPoolGradOp, globalMaxPoolOp } from "./global-max-pool.js";
import { l2NormalizeGradOp, l2NormalizeOp } from "./l2-normalize.js";
import { matmulOp } from "./matmul.js";
import { matmulBiasOp } from "./matmul-bias.js";
import { maxPoolGradOp, maxPoolOp } from "./max-pool.js";
import { movingAverageOp } from "./moving-average.js";
import { rankingHingeGradOp, rankingHingeOp } from "./ranking-hinge.js";
import { maxGradOp, maxOp, meanOp, sumOp } from "./reduce.js";
import { relu6GradOp, relu6Op, reluGradOp, reluOp } from "./relu.js";
import { reshapeOp } from "./reshape.js";
import { affineOp, scaleOp } from "./scale.js";
import { sgdOp } from "./sgd.js";
import { sliceGradOp, sliceOp } from "./slice.js";
import { softmaxCrossEntropyGradOp, softmaxCrossEntropyOp } from "./softmax-cross-entropy.js";
import { topkOp } from "./topk.js";
import { transposeOp } from "./transpose.js";
import { expOp, logOp, softplusGradOp, softplusOp, sqrtGradOp, sqrtOp, squareOp } from "./unary.js";

const rows = [
  [conv2dOp, conv2dBiasOp, conv2dGradXOp, conv2dGradWOp, matmulOp, matmulBiasOp],
  [
    batchNormOp,
    batchNormGradOp,
    batchNormFrozenOp,
    batchNormFrozenGradOp,
    batchNormAddReluOp,
    batchNormAddReluGradOp,
  ],
  [reluOp, reluGradOp, relu6Op, relu6GradOp],
  [addOp, subtractOp, multiplyOp, divideOp, biasAddOp, biasGradOp, scaleOp, affineOp],
  [expOp, logOp, sqrtOp, sqrtGradOp, squareOp, softplusOp, softplusGradOp],
  [maxPoolOp, maxPoolGradOp, averagePoolOp, averagePoolGradOp],
  [globalAveragePoolOp, globalAveragePoolGradOp, globalMaxPoolOp, globalMaxPoolGradOp],
  [dropoutOp, embeddingOp, embeddingGradOp, l2NormalizeOp, l2NormalizeGradOp],
  [classifierCrossEntropyOp, classifierCrossEntropyGradOp],
  [softmaxCrossEntropyOp, softmaxCrossEntropyGradOp, rankingHingeOp, rankingHingeGradOp],
  [sumOp, meanOp, maxOp, maxGradOp, broadcastToOp, reshapeOp, transposeOp, concatOp, sliceOp, sliceGradOp],
  [gatherRowsOp, gatherRowsGradOp, castOp, cropResizeOp, countGreaterOp, topkOp],
  [sumSquaresOp, clipScaleOp, sgdOp, adamOp, movingAverageOp, fillOp],
].flat() as unknown as readonly OpRow[];

/** Every op by its name; the native list in `kernels.def` is equal. */
export const opRegistry: ReadonlyMap<string, OpRow> = new Map(rows.map((op) => [op.name, op]));
