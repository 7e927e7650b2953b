import { uniform01 } from "../../graph/philox.js";

const VALUES = [0, 1, 0x2e, 0x7f, 0x80, 0xff];
const DRAWS = 32;

/** Mutation `index` of bytes: one to three cuts, flips, fills, repeats or removals; a pure function of its arguments. */
export function mutated(bytes: Uint8Array, seed: number, index: number): Uint8Array {
  const draws = uniform01(seed, index, 0, DRAWS);
  let next = 0;
  const draw = (bound: number): number => Math.floor(draws[next++ % DRAWS]! * bound);
  let result = bytes;
  for (let changes = 1 + draw(3); changes > 0; changes--) result = change(result, draw);
  return result;
}

function change(bytes: Uint8Array, draw: (bound: number) => number): Uint8Array {
  const at = draw(Math.max(1, bytes.length));
  const end = Math.min(bytes.length, at + 1 + draw(12));
  const changed = new Uint8Array(bytes);
  switch (draw(6)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      changed[at] = (changed[at] ?? 0) ^ (1 << draw(8));
      return changed;
    case 2:
      return changed.fill(VALUES[draw(VALUES.length)]!, at, end);
    case 3:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    default:
      changed[at] = draw(256);
      return changed;
  }
}
