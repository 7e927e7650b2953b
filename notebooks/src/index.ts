/**
 * What the notebooks share: helpers that show things in tslab, in Deno's kernel or as files, and the reading of sweeps.
 */
export { findPlace, type Place } from "./display/place.js";
export { openDisplay, show, type Display, type ShowOptions, type Shown } from "./display/show.js";
export { showTable, table, type Row, type TableOptions } from "./display/table.js";
export { curve, liveCurve, showCurve, type LiveCurve, type Series } from "./charts/curve.js";
export { scatter, showScatter, type Dot, type Panel } from "./charts/scatter.js";
export { bars, showBars, type Bar } from "./charts/bars.js";
export {
  parallelCoordinates,
  showParallelCoordinates,
  type Coordinate,
} from "./charts/parallel-coordinates.js";
export { imageGrid, showImageGrid, type Pixels, type Tile } from "./pictures/image-grid.js";
export { retrievalResult, showRetrieval, type Item, type Retrieved } from "./pictures/retrieval-result.js";
export { importance, type Importance } from "./sweep/importance.js";
export { learningCurves } from "./sweep/learning-curves.js";
export { readSweep, rowsOf, SweepMissingError, type SweepFrame, type Trial } from "./sweep/read-sweep.js";
export { interruptible, type Interruption } from "./session/interrupt.js";
export { embedPictures, embedSentences, imageBatches } from "./session/embed.js";
export { nearest, type Hit } from "./session/nearest.js";
export { localFolder, workspaceRoot } from "./session/workspace.js";
