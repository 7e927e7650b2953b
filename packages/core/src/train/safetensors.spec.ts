import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mutated } from "../weights/testing/mutate.js";
import { CheckpointError } from "./errors.js";
import { openSafetensors, typedTensor, writeSafetensors, type TensorSource } from "./safetensors.js";

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "safetensors-"))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const tensors: readonly TensorSource[] = [
  { name: "a", dtype: "f32", shape: [2, 3], load: () => Float32Array.of(1, -2, 3.5, Number.NaN, 0, 1e-30) },
  { name: "b", dtype: "u8", shape: [3], load: () => Uint8Array.of(1, 2, 255) },
  { name: "scalar", dtype: "i32", shape: [], load: () => Int32Array.of(-7) },
  { name: "none", dtype: "f32", shape: [0, 4], load: () => new Float32Array(0) },
];

const fileOf = async (name = "file.safetensors"): Promise<string> => {
  const path = join(directory, name);
  await writeSafetensors(path, tensors, { purpose: 'with "quotes" {and} ümlauts' });
  return path;
};

/** A file of a header as text and some bytes of data. */
async function handmade(header: unknown, data: Uint8Array, length?: bigint): Promise<string> {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  const path = join(directory, "handmade.safetensors");
  await writeFile(path, bytes);
  return path;
}

const entry = (begin: number, end: number, extra: object = {}) => ({
  dtype: "F32",
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
  ...extra,
});

/** Every tensor of a file. */
async function contentOf(path: string): Promise<unknown> {
  const file = await openSafetensors(path);
  try {
    const tensors = [...file.entries.values()];
    return await Promise.all(tensors.map(async (info) => typedTensor(info, await file.readBytes(info.name))));
  } finally {
    await file.close();
  }
}

const refusal = async (path: string): Promise<string> => {
  const error: unknown = await openSafetensors(path).then(
    (file) => file.close(),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  expect((error as CheckpointError).details["path"]).toBe(path);
  expect((error as CheckpointError).code).toBe("CHECKPOINT_CORRUPT");
  return (error as CheckpointError).message;
};

describe("safetensors files", () => {
  it("come back with every bit, shape and number type", async () => {
    const file = await openSafetensors(await fileOf());
    for (const { name, shape, load } of tensors) {
      const info = file.entries.get(name)!;
      expect(info.shape).toEqual(shape);
      expect(typedTensor(info, await file.readBytes(name))).toEqual(await load());
    }
    expect(file.metadata).toEqual({ purpose: 'with "quotes" {and} ümlauts' });
    await file.close();
  });

  it("take a tensor in parts and give back a part of it", async () => {
    const path = join(directory, "parts.safetensors");
    const load = async function* () {
      yield Float32Array.of(1, 2, 3);
      yield Float32Array.of(4);
    };
    await writeSafetensors(path, [{ name: "a", dtype: "f32", shape: [2, 2], load }], {});
    const file = await openSafetensors(path);
    const bytes = await file.readBytes("a", 4, 12);
    expect([...new Float32Array(bytes.buffer)]).toEqual([2, 3]);
    await file.close();
    const short = writeSafetensors(path, [{ name: "a", dtype: "f32", shape: [5], load }], {});
    await expect(short).rejects.toThrow(/tensor 'a' holds 4 elements, shape \[5\]/);
  });

  it("begin their data on a multiple of eight bytes", async () => {
    const bytes = await readFile(await fileOf());
    expect(bytes.readBigUInt64LE(0) % 8n).toBe(0n);
  });

  it("are replaced whole: a failing write leaves the old file and no other", async () => {
    const path = await fileOf();
    const before = await readFile(path);
    const broken = { name: "c", dtype: "f32", shape: [2], load: () => new Float32Array(3) } as const;
    const error = writeSafetensors(path, [tensors[0]!, broken], {});
    await expect(error).rejects.toMatchObject({
      code: "CHECKPOINT_WRITE",
      message: expect.stringContaining("'c'"),
    });
    expect(await readFile(path)).toEqual(before);
    expect(await readdir(directory)).toEqual(["file.safetensors"]);
  });

  it("that are missing, or a folder that cannot be made, are named", async () => {
    await expect(openSafetensors(join(directory, "no"))).rejects.toMatchObject({
      code: "CHECKPOINT_MISSING",
    });
    const path = await fileOf();
    await expect(writeSafetensors(join(path, "below"), tensors, {})).rejects.toMatchObject({
      code: "CHECKPOINT_WRITE",
    });
  });

  it("an unknown tensor is named", async () => {
    const file = await openSafetensors(await fileOf());
    await expect(file.readBytes("nothing")).rejects.toThrow("holds no tensor 'nothing'");
    await file.close();
  });
});

describe("damaged files are refused", () => {
  it("cut short anywhere", async () => {
    const path = await fileOf();
    const bytes = await readFile(path);
    const cut = join(directory, "cut.safetensors");
    for (let length = 0; length < bytes.length; length += 7) {
      await writeFile(cut, bytes.subarray(0, length));
      await refusal(cut);
    }
  });

  it("or mutated: they are read, or refused with a typed error, a thousand of them", async () => {
    const bytes = await readFile(await fileOf());
    const path = join(directory, "mutated.safetensors");
    let refused = 0;
    for (let index = 0; index < 1000; index++) {
      await writeFile(path, mutated(bytes, 23, index));
      const outcome: unknown = await contentOf(path).catch((reason: unknown) => reason);
      if (!(outcome instanceof Error)) continue;
      expect(outcome).toBeInstanceOf(CheckpointError);
      refused++;
    }
    expect(refused).toBeGreaterThan(300);
  });

  it("or with bytes behind the end", async () => {
    const path = await fileOf();
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.of(0)]));
    expect(await refusal(path)).toContain("the file holds");
  });

  it("with a header length over the file or the limit", async () => {
    expect(await refusal(await handmade({}, new Uint8Array(0), 1000n))).toContain("cut short");
    expect(await refusal(await handmade({}, new Uint8Array(0), 2n ** 63n))).toContain("over the limit");
  });

  it.each([
    ["no JSON", "{", "not a JSON object"],
    ["a list", [1], "not a JSON object"],
    ["a number for an entry", { a: 1 }, "not a tensor"],
    ["an unknown number type", { a: { dtype: "F4", shape: [1], data_offsets: [0, 4] } }, "dtype"],
    ["a negative size", { a: entry(0, 4, { shape: [-1] }) }, "shape"],
    ["a fractional size", { a: entry(0, 4, { shape: [0.5] }) }, "shape"],
    ["a size that overflows", { a: entry(0, 4, { shape: [2 ** 40, 2 ** 40] }) }, "its shape needs"],
    ["offsets that do not fit the shape", { a: entry(0, 4, { shape: [2] }) }, "its shape needs 8"],
    ["offsets in reverse", { a: entry(4, 0, { shape: [1] }) }, "offsets hold -4 bytes"],
    ["a gap", { a: entry(0, 4), b: entry(8, 12) }, "begins at byte 8, expected 4"],
    ["an overlap", { a: entry(0, 8), b: entry(4, 12) }, "begins at byte 4, expected 8"],
    ["data beyond the file", { a: entry(0, 40) }, "describes 40 bytes"],
    ["an unknown field", { a: entry(0, 12, { colour: 1 }) }, "colour"],
    ["metadata that are no strings", { __metadata__: { a: 1 }, b: entry(0, 12) }, "metadata"],
    [
      "two tensors of one name",
      `{"a":${JSON.stringify(entry(0, 4))},"a":${JSON.stringify(entry(0, 12))}}`,
      "twice",
    ],
  ])("with %s", async (_what, header, message) => {
    expect(await refusal(await handmade(header, new Uint8Array(12)))).toContain(message);
  });

  it("with a header that is not UTF-8", async () => {
    const path = await handmade({ ab: entry(0, 4) }, new Uint8Array(4));
    const bytes = await readFile(path);
    bytes[10] = 0xff;
    await writeFile(path, bytes);
    expect(await refusal(path)).toContain("UTF-8");
  });
});
