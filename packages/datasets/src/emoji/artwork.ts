import type { Concept } from "./concepts.js";
import { readArtwork, vendors } from "./vendors.js";

/** Every picture of the corpus, vendor after vendor: [n] arrays that belong together. */
export interface ArtworkTable {
  /** int32 [n], index of the concept. */
  readonly group: Int32Array;
  /** int32 [n], index into `vendors`. */
  readonly vendor: Int32Array;
  readonly documents: readonly { readonly name: string; readonly svg: string }[];
}

/** Reads all vendors' pictures of `concepts`. Errors: `FILE_MISSING`, `FILE_FORMAT`. */
export function readAllArtwork(concepts: readonly Concept[]): ArtworkTable {
  const group: number[] = [];
  const vendorIds: number[] = [];
  const documents: { name: string; svg: string }[] = [];
  vendors.forEach((vendor, vendorId) => {
    const artwork = readArtwork(vendor, concepts);
    concepts.forEach(({ key, name }, index) => {
      const svg = artwork.get(key);
      if (svg === undefined) return;
      group.push(index);
      vendorIds.push(vendorId);
      documents.push({ name: `${vendor}: ${name}`, svg });
    });
  });
  return { group: Int32Array.from(group), vendor: Int32Array.from(vendorIds), documents };
}
