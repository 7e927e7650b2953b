/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3").
 * A draw is a pure function of (seed, stream, epoch, index), so a loader resumes anywhere without replaying.
 */

const KEY_HIGH = 0x44554150;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const ROUNDS = 10;

/** Streams of the loader: one for each kind of decision, so that adding a draw to one moves no other. */
export const streams = {
  order: 0xda7a0001,
  refill: 0xda7a0002,
  row: 0xda7a0003,
  candidates: 0xda7a0004,
  split: 0xda7a0005,
  words: 0xda7a0006,
  candidateStart: 0xda7a0007,
  neighbours: 0xda7a0008,
} as const;

function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** One block of Philox4x32-10: four 32-bit words for a four-word counter and a two-word key, written to `out`. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Random access to the draws of one (seed, stream, epoch). */
export interface RandomStream {
  /** The 32-bit word at `index`. */
  word(index: number): number;
  /** Uniform in [0, 1) with 24 bits: `(word >>> 8) * 2^-24`. */
  uniform(index: number): number;
  /** Uniform integer in {0 .. bound - 1}. */
  integer(index: number, bound: number): number;
}

/** Opens the draws of `stream` in `epoch`; `seed` and `epoch` are taken modulo 2^32. */
export function randomStream(seed: number, stream: number, epoch: number): RandomStream {
  const key = [seed >>> 0, KEY_HIGH] as const;
  const block = new Uint32Array(4);
  let loaded = -1;
  const word = (index: number): number => {
    const wanted = Math.floor(index / 4);
    if (wanted !== loaded) {
      philox4x32([wanted >>> 0, stream >>> 0, epoch >>> 0, 0], key, block);
      loaded = wanted;
    }
    return block[index % 4] as number;
  };
  return {
    word,
    uniform: (index) => (word(index) >>> 8) * 2 ** -24,
    integer: (index, bound) => Math.floor(word(index) * 2 ** -32 * bound),
  };
}

/** A uniformly drawn permutation of {0 .. count - 1} (Fisher-Yates). */
export function permutation(count: number, random: RandomStream): Int32Array {
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = random.integer(count - 1 - last, last + 1);
    const held = order[last] as number;
    order[last] = order[other] as number;
    order[other] = held;
  }
  return order;
}
