import { describe, expect, it } from "vitest";
import { CheckpointError } from "../train/errors.js";
import { StoredTensor } from "./pickle-values.js";
import { unpickle } from "./pickle.js";
import { mutated } from "./testing/mutate.js";

const PATH = "weights.pth";

/** A pickle from instructions: numbers are bytes, strings their characters. */
const pickle = (...parts: readonly (number | string)[]): Uint8Array =>
  Buffer.concat([
    Buffer.of(0x80, 2),
    ...parts.map((part) => (typeof part === "number" ? Buffer.of(part) : Buffer.from(part, "latin1"))),
    Buffer.from("."),
  ]);

const little = (value: number, bytes: number): string => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer.toString("latin1");
};
const text = (value: string): string => `X${little(value.length, 4)}${value}`;
const integer = (value: number): string => `J${little(value, 4)}`;
const storage = (count: number): string =>
  `(${text("storage")}ctorch\nFloatStorage\n${text("0")}${text("cpu")}${integer(count)}tQ`;
const tensor = (count: number, offset: number, shape: readonly number[], stride: readonly number[]): string =>
  `ctorch._utils\n_rebuild_tensor_v2\n(${storage(count)}${integer(offset)}(${shape.map(integer).join("")}t` +
  `(${stride.map(integer).join("")}t\x89ccollections\nOrderedDict\n)RtR`;

const refusal = (bytes: Uint8Array): CheckpointError => {
  try {
    unpickle(bytes, PATH);
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as CheckpointError).message).toContain(PATH);
    return error as CheckpointError;
  }
  return expect.unreachable("the pickle was read");
};

describe("pickles of tensors", () => {
  it("give plain values", () => {
    const parts = [
      "(",
      "N",
      "\x88",
      "\x89",
      "K\x05",
      "M\x01\x02",
      integer(70000),
      "G\x3f\xf8\0\0\0\0\0\0",
      text("ä"),
      "t",
    ];
    const bytes = pickle(...parts.slice(0, -2), `X${little(2, 4)}\xc3\xa4`, "t");
    expect(unpickle(bytes, PATH).value).toEqual([null, true, false, 5, 513, 70000, 1.5, "ä"]);
  });

  it("give integers of any size with their sign", () => {
    expect(unpickle(pickle("\x8a\x01\xff"), PATH).value).toBe(-1);
    expect(unpickle(pickle(`\x8a\x09${"\0".repeat(8)}\x01`), PATH).value).toBe(2n ** 64n);
  });

  it("give one view of a storage for each tensor", () => {
    const { value, storages } = unpickle(pickle(tensor(12, 1, [2, 3], [4, 1])), PATH);
    expect(value).toBeInstanceOf(StoredTensor);
    expect(value).toMatchObject({
      offset: 1,
      shape: [2, 3],
      stride: [4, 1],
      storage: { key: "0", count: 12 },
    });
    expect(storages.size).toBe(1);
  });

  it("may follow one another", () => {
    const bytes = Buffer.concat([pickle("K\x01"), pickle("K\x02")]);
    const { end } = unpickle(bytes, PATH);
    expect(unpickle(bytes, PATH, end).value).toBe(2);
  });

  it.each([
    ["builtins.eval", "cbuiltins\neval\n"],
    ["os.system", `${text("os")}${text("system")}\x93`],
    ["torch.hub.load", "ctorch.hub\nload\n"],
    ["torch.storage._load_from_bytes", "ctorch.storage\n_load_from_bytes\n"],
  ])("do not run %s", (name, instructions) => {
    expect(refusal(pickle(instructions))).toMatchObject({ code: "CHECKPOINT_UNSAFE", details: { name } });
  });

  it.each([
    ["a tensor beyond its storage", tensor(12, 7, [2, 3], [3, 1])],
    ["one number repeated a million times", tensor(12, 0, [1000, 1000], [0, 0])],
    ["a shape without strides", tensor(12, 0, [2, 3], [1])],
    ["an extent below zero", tensor(12, 0, [-1 >>> 0], [1])],
    ["a text longer than the file", `X${little(0x7fffffff, 4)}ab`],
    ["an integer of a gigabyte", `\x8b${little(0x40000000, 4)}`],
    ["a value that was not kept", "h\x05"],
    ["a call of what is no function", "K\x01)R"],
    ["an empty stack", "R"],
    ["a mark that was not set", "t"],
    ["an unknown instruction", "\xfe"],
    ["items of what is no dictionary", "K\x01K\x02K\x03s"],
    ["storage of an unknown class", `(${text("storage")}N${text("0")}${text("cpu")}K\x01tQ`],
    ["two storages of one key", `(${storage(3)}${storage(4)}t`],
  ])("with %s are damaged", (_, instructions) => {
    expect(refusal(pickle(instructions)).code).toBe("CHECKPOINT_CORRUPT");
  });

  it("that are mutated end in a value or a typed error, thousands of them", () => {
    const bytes = pickle(`}q\x00(${text("a")}${tensor(6, 0, [2, 3], [3, 1])}${text("b")}]q\x01(K\x01N\x88eu`);
    const outcomes = { read: 0, refused: 0 };
    for (let index = 0; index < 5000; index++) {
      try {
        unpickle(mutated(bytes, 5, index), PATH);
        outcomes.read++;
      } catch (error) {
        expect(error).toBeInstanceOf(CheckpointError);
        outcomes.refused++;
      }
    }
    expect(outcomes.read).toBeGreaterThan(100);
    expect(outcomes.refused).toBeGreaterThan(1000);
  });
});
