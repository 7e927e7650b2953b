/** Counter-based random numbers (Philox4x32-10, Salmon et al. 2011), the same bits on every backend. */

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;
const keyTag = 0x44554150;
const rounds = 10;

/** Upper 32 bits of a product of two 32-bit words, in 32-bit integer operations only. */
const highProduct = (a: number, b: number): number => {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = (Math.imul(aHigh, bLow) + (Math.imul(aLow, bLow) >>> 16)) | 0;
  const cross = (Math.imul(aLow, bHigh) + (middle & 0xffff)) | 0;
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (cross >>> 16)) | 0;
};

export type Words = readonly [number, number, number, number];

/** Writes one block into `words` at `at`; words past the end are dropped. Free of allocation: models have many weights. */
const writeBlock = (words: Uint32Array, at: number, counter: Words, key0: number, key1: number): void => {
  let [c0, c1, c2, c3] = counter;
  for (let round = 0; round < rounds; round++) {
    const next0 = highProduct(multiplier1, c2) ^ c1 ^ key0;
    const next2 = highProduct(multiplier0, c0) ^ c3 ^ key1;
    c1 = Math.imul(multiplier1, c2);
    c3 = Math.imul(multiplier0, c0);
    c0 = next0;
    c2 = next2;
    key0 = (key0 + weyl0) | 0;
    key1 = (key1 + weyl1) | 0;
  }
  words[at] = c0;
  words[at + 1] = c1;
  words[at + 2] = c2;
  words[at + 3] = c3;
};

/** One block: four 32-bit words from a 128-bit counter and a 64-bit key. */
export const philox4x32 = (counter: Words, key: readonly [number, number]): Words => {
  const words = new Uint32Array(4);
  writeBlock(words, 0, counter, key[0], key[1]);
  return [words[0]!, words[1]!, words[2]!, words[3]!];
};

/** `count` random 32-bit words of a run's seed, a stream (one per use) and a step. */
export const randomWords = (seed: number, stream: number, step: number, count: number): Uint32Array => {
  const words = new Uint32Array(count);
  for (let index = 0; index < count; index += 4) {
    writeBlock(words, index, [index >>> 2, stream, step, 0], seed, keyTag);
  }
  return words;
};

/** `count` numbers in [0, 1), multiples of 2^-24 and so exact in float32. */
export const uniform01 = (seed: number, stream: number, step: number, count: number): Float32Array => {
  const words = randomWords(seed, stream, step, count);
  const uniforms = new Float32Array(count);
  for (let index = 0; index < count; index++) uniforms[index] = (words[index]! >>> 8) * 2 ** -24;
  return uniforms;
};

/** FNV-1a of a name: the stream of whatever carries that name. */
export const hashName = (name: string): number => {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
};
