import { randomStream } from "../../loader/random.js";

const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x2e, 0x2f, 0x3c, 0x5b, 0x7b, 0x22];
const STREAM = 0xfa22;

/** Values for the draws of one mutation, in order. */
function drawer(seed: number, index: number): (bound: number) => number {
  const random = randomStream(seed, STREAM, index);
  let next = 0;
  return (bound) => (bound === 0 ? 0 : random.integer(next++, bound));
}

function splice(bytes: Buffer, at: number, removed: number, inserted: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)]);
}

function mutateOnce(bytes: Buffer, draw: (bound: number) => number, dictionary: readonly string[]): Buffer {
  const at = draw(bytes.length);
  const span = 1 + draw(16);
  const changed = Buffer.from(bytes);
  switch (draw(8)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      changed[at] = (changed[at] ?? 0) ^ (1 << draw(8));
      return changed;
    case 2:
      changed[at] = INTERESTING[draw(INTERESTING.length)] as number;
      return changed;
    case 3:
      return splice(bytes, at, span, Buffer.alloc(0));
    case 4:
      return splice(bytes, at, 0, bytes.subarray(at, at + span * 8));
    case 5:
      return splice(bytes, at, 0, Buffer.from(Array.from({ length: span }, () => draw(256))));
    case 6:
      return changed.fill(
        INTERESTING[draw(INTERESTING.length)] as number,
        at,
        Math.min(at + 4, changed.length),
      );
    default:
      return splice(bytes, at, draw(2) * span, Buffer.from(dictionary[draw(dictionary.length)] ?? ""));
  }
}

/** Mutation `index` of `bytes`: one to four changes, a pure function of its arguments. */
export function mutated(bytes: Buffer, seed: number, index: number, dictionary: readonly string[]): Buffer {
  const draw = drawer(seed, index);
  let result = bytes;
  for (let changes = 1 + draw(4); changes > 0; changes--) result = mutateOnce(result, draw, dictionary);
  return result;
}
