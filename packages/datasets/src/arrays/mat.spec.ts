import { join } from "node:path";
import { expect, it } from "vitest";
import { expectError, temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { parseMat, readMat } from "./mat.js";
import { doubleVariable, matFile } from "./testing/array-files.js";

const rows = [
  [1, 2, 3],
  [4, 5, 6],
];

it.each([false, true])("gives matrices row by row (compressed: %s)", (compressed) => {
  const { matrices } = parseMat("a.mat", matFile(doubleVariable("image_features", rows, compressed)));
  expect(matrices.get("image_features")).toEqual({
    shape: [2, 3],
    data: Float64Array.from([1, 2, 3, 4, 5, 6]),
  });
});

it("reads three dimensions, and doubles that MATLAB stored as bytes", () => {
  const values = Uint8Array.from({ length: 8 }, (_, index) => index);
  const cube = { name: "cube", kind: 6, shape: [2, 2, 2], storage: 2, values };
  const small = { name: "s", kind: 7, shape: [1, 1], storage: 7, values: Float32Array.of(0.5) };
  const { matrices } = parseMat("a.mat", matFile(cube, small));
  expect([...(matrices.get("cube")?.data ?? [])]).toEqual([0, 4, 2, 6, 1, 5, 3, 7]);
  expect(matrices.get("s")?.data).toEqual(Float32Array.of(0.5));
});

it("leaves out what is not a real matrix, and says why", () => {
  const one = Float64Array.of(1);
  const file = matFile(
    { name: "note", kind: 4, shape: [1, 1], storage: 4, values: Uint16Array.of(65) },
    { name: "parts", kind: 1, shape: [1, 1], storage: 9, values: one },
    { name: "wave", kind: 6, shape: [1, 1], storage: 9, values: one, flags: 0x0800 },
    doubleVariable("good", [[7]]),
  );
  const { matrices, skipped } = parseMat("a.mat", file);
  expect([...matrices.keys()]).toEqual(["good"]);
  expect(Object.fromEntries(skipped)).toEqual({ note: "text", parts: "a cell array", wave: "complex" });
});

it("reads only the wanted matrices of a file", async () => {
  const folder = await temporaryFolder();
  await writeFiles(folder, { "a.mat": matFile(doubleVariable("a", rows), doubleVariable("b", rows)) });
  const { matrices } = await readMat(join(folder, "a.mat"), (name) => name === "b");
  expect([...matrices.keys()]).toEqual(["b"]);
  await expectError(() => readMat(join(folder, "gone.mat")), "FILE_MISSING", "gone.mat");
});

const good = matFile(doubleVariable("a", rows));
const changed = (at: number, value: number) => {
  const copy = Buffer.from(good);
  copy[at] = value;
  return copy;
};
const hdf5 = Buffer.alloc(1024);
hdf5.write("MATLAB 7.3 MAT-file", "latin1");
hdf5.write("\x89HDF\r\n\x1a\n", 512, "latin1");
const squeezed = matFile(doubleVariable("a", rows, true));

const refused: [string, Buffer, string][] = [
  ["HDF5", hdf5, "MATLAB 7.3"],
  [
    "big-endian files",
    Buffer.concat([good.subarray(0, 126), Buffer.from("MI"), good.subarray(128)]),
    "big-endian",
  ],
  ["other files", Buffer.from("no matrix"), "is not a .mat file"],
  ["truncated data", good.subarray(0, good.length - 8), "ends inside an element"],
  [
    "damaged compression",
    Buffer.concat([squeezed.subarray(0, 140), Buffer.from("junk"), squeezed.subarray(144)]),
    "damaged compressed data",
  ],
  ["a shape that does not fit", changed(128 + 8 + 16 + 8, 9), "expected shape (9, 3), got 6 values"],
];

it.each(refused)("refuses %s", async (_, bytes, part) => {
  await expectError(() => parseMat("a.mat", bytes), "FILE_FORMAT", "a.mat", part);
});

it("bounds what a compressed element may expand to by what deflate can make", async () => {
  const bomb = matFile({ ...doubleVariable("a", [Array.from({ length: 200_000 }, () => 0)], true) });
  expect(bomb.length).toBeLessThan(4000);
  expect(parseMat("a.mat", bomb).matrices.get("a")?.data).toHaveLength(200_000);
});
