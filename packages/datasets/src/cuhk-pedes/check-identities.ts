import type { Problem } from "../captions/problems.js";

interface Identified {
  readonly name: string;
  readonly split?: string;
  readonly identity?: number;
}

/** A person in two splits would make the test answer known: every such person is a problem. */
export function sharedIdentities(file: string, images: readonly Identified[]): Problem[] {
  const splitOf = new Map<number, string>();
  const shared = new Map<number, Problem>();
  for (const { name, split, identity } of images) {
    if (split === undefined || identity === undefined) continue;
    const known = splitOf.get(identity);
    if (known === undefined) splitOf.set(identity, split);
    else if (known !== split && !shared.has(identity))
      shared.set(identity, {
        code: "CORPUS_INVALID",
        file,
        message: `person ${identity} is in split ${known} and, with ${name}, in ${split}; keep a person in one split`,
      });
  }
  return [...shared.values()];
}
