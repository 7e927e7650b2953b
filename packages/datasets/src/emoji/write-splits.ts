import { writeFileSync } from "node:fs";
import { readConcepts } from "./concepts.js";
import { formatSplits, splitFile } from "./split.js";

/** Draws the splits anew and writes the committed file; `node dist/emoji/write-splits.js` after a build. */
writeFileSync(splitFile, formatSplits(readConcepts()));
