import { join } from "node:path";
import { expect, it } from "vitest";
import { expectError, temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { openNpy, parseNpy, toFloat32 } from "./npy.js";
import { floatNpy, npyFile, npyWithHeader } from "./testing/array-files.js";

const folder = await temporaryFolder();
const matrix = floatNpy([3, 2], [1, 2, 3, 4, 5, 6]);

it("reads every version and element type that NumPy writes for numbers", () => {
  const cases: [string, ArrayBufferView, number[]][] = [
    ["<f4", Float32Array.of(1.5, -2), [1.5, -2]],
    ["<f8", Float64Array.of(0.1, 2), [Math.fround(0.1), 2]],
    ["<i4", Int32Array.of(-7, 8), [-7, 8]],
    ["<i8", BigInt64Array.of(-7n, 9n), [-7, 9]],
    ["|u1", Uint8Array.of(0, 255), [0, 255]],
    ["|b1", Uint8Array.of(1, 0), [1, 0]],
  ];
  for (const [descr, data, expected] of cases)
    for (const version of [1, 2, 3]) {
      const { shape, data: read } = parseNpy("a.npy", npyFile(descr, [2], data, version));
      expect(shape).toEqual([2]);
      expect([...toFloat32(read)]).toEqual(expected);
    }
});

it("reads a single number, an empty array and a header of one's own spacing", () => {
  expect(
    parseNpy("a", npyWithHeader("{'descr': '<i4', 'fortran_order': False, 'shape': ()}", Buffer.alloc(4)))
      .shape,
  ).toEqual([]);
  expect(parseNpy("a", floatNpy([0, 4], [])).data).toHaveLength(0);
  const spaced = `{"shape":(2L,),  "fortran_order":True,"descr":"<f4"}`;
  expect(parseNpy("a", npyWithHeader(spaced, Buffer.alloc(8))).shape).toEqual([2]);
});

it("reads rows of a file by position", async () => {
  await writeFiles(folder, { "a.npy": matrix });
  const file = await openNpy(join(folder, "a.npy"));
  expect([file.rows, file.rowSize]).toEqual([3, 2]);
  expect([...(await file.read(1, 2))]).toEqual([3, 4, 5, 6]);
  await expectError(() => file.read(2, 2), "FILE_FORMAT", "has no rows 2..3, only 3");
  await file.close();
});

const header = (text: string) => npyWithHeader(text, Buffer.alloc(8));
const refused: [string, Buffer, string][] = [
  ["another kind of file", Buffer.from("PK\u0003\u0004 an archive"), "is not a .npy file"],
  ["a later version", npyFile("<f4", [2], Float32Array.of(1, 2), 4), "has version 4"],
  ["pickled objects", header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"), "pickled objects"],
  ["big-endian numbers", header("{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}"), "type >f4"],
  ["Fortran order", header("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2)}"), "ascontiguousarray"],
  ["code in the header", header("{'descr': __import__('os'), 'shape': (1,)}"), "unreadable header"],
  [
    "a call in the shape",
    header("{'descr': '<f4', 'fortran_order': False, 'shape': (2**9,)}"),
    "unreadable header",
  ],
  [
    "a negative extent",
    header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}"),
    "unreadable header",
  ],
  [
    "an impossible shape",
    header("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 99999999999999999999)}"),
    "impossible shape",
  ],
  ["a missing key", header("{'descr': '<f4', 'shape': (2,)}"), "lacks fortran_order"],
  ["a repeated key", header("{'descr': '<f4', 'descr': '<f8'}"), "twice"],
  [
    "text behind the header",
    header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} {}"),
    "more than one value",
  ],
  ["data that is too short", matrix.subarray(0, matrix.length - 1), "expected 152 bytes"],
];

it.each(refused)("refuses %s", async (_, bytes, part) => {
  await expectError(() => parseNpy("a.npy", bytes), "FILE_FORMAT", "a.npy", part);
  await writeFiles(folder, { "bad.npy": bytes });
  await expectError(() => openNpy(join(folder, "bad.npy")), "FILE_FORMAT", part);
});

it("names a missing file", async () => {
  await expectError(() => openNpy(join(folder, "gone.npy")), "FILE_MISSING", "gone.npy");
  await expectError(() => openNpy(folder), "FILE_MISSING", "is a folder");
});
