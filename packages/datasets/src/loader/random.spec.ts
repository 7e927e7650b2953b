import { expect, it } from "vitest";
import { permutation, philox4x32, randomStream, streams } from "./random.js";

/** Known answers of the Random123 distribution (kat_vectors, philox4x32-10). */
const knownAnswers = [
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
] as const;

it.each(knownAnswers)("gives the published words for counter $counter", ({ counter, key, words }) => {
  const out = new Uint32Array(4);
  philox4x32(counter, key, out);
  expect([...out]).toEqual(words);
});

it("gives a draw that depends on nothing but its index", () => {
  const forward = randomStream(7, streams.order, 3);
  const words = Array.from({ length: 20 }, (_, index) => forward.word(index));
  const backward = randomStream(7, streams.order, 3);
  for (let index = 19; index >= 0; index--) expect(backward.word(index)).toBe(words[index]);
});

it("gives other draws for another seed, stream or epoch", () => {
  const first = randomStream(7, streams.order, 3).word(0);
  expect(randomStream(8, streams.order, 3).word(0)).not.toBe(first);
  expect(randomStream(7, streams.row, 3).word(0)).not.toBe(first);
  expect(randomStream(7, streams.order, 4).word(0)).not.toBe(first);
});

it("permutes without loss and puts every value in every place equally often", () => {
  const rounds = 4000;
  const counts = Array.from({ length: 5 }, () => new Array<number>(5).fill(0));
  for (let epoch = 0; epoch < rounds; epoch++) {
    const order = permutation(5, randomStream(1, streams.order, epoch));
    expect([...order].sort()).toEqual([0, 1, 2, 3, 4]);
    order.forEach((value, place) => (counts[place]![value]! += 1));
  }
  const fiveSigma = 5 * Math.sqrt(rounds * 0.2 * 0.8);
  for (const count of counts.flat()) expect(Math.abs(count - rounds / 5)).toBeLessThan(fiveSigma);
});

it("draws integers below their bound only", () => {
  const random = randomStream(3, streams.row, 0);
  const drawn = new Set(Array.from({ length: 500 }, (_, index) => random.integer(index, 7)));
  expect([...drawn].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
