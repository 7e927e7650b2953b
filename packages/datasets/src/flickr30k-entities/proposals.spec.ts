import { join } from "node:path";
import { expect, it } from "vitest";
import { doubleVariable, floatNpy, matFile } from "../arrays/testing/array-files.js";
import { expectError, temporaryFolder, writeFiles } from "../testing/fixtures.js";
import { gridProposals } from "./grid-proposals.js";
import { bestOverlap, boxArea, boxAt } from "./pixel-box.js";
import { openProposals } from "./proposals.js";

const root = await temporaryFolder();
const edgeBoxes = [
  [1, 1, 10, 20, 0.9],
  [5, 6, 3, 4, 0.5],
];
await writeFiles(root, {
  "one.json": JSON.stringify({
    7: [
      [0, 0, 9, 19],
      [4, 5, 6, 8],
    ],
    8: [],
  }),
  "many/7.npy": floatNpy([2, 4], [0, 0, 9, 19, 4, 5, 6, 8]),
  "many/8.mat": matFile(doubleVariable("other", [[1]]), doubleVariable("bbs", edgeBoxes, true)),
  "many/9.json": JSON.stringify(edgeBoxes),
  "many/bad.npy": floatNpy([1, 3], [1, 2, 3]),
  "many/flat.npy": floatNpy([4], [1, 2, 3, 4]),
  "many/inverted.json": "[[1, 1, 5, 5], [9, 1, 2, 2]]",
  "many/huge.json": "[[1, 1, 1e999, 5]]",
  "many/text.json": '[["1", 1, 2, 2]]',
  "many/nothing.mat": matFile(doubleVariable("a", [[1]]), doubleVariable("b", [[1]])),
  "list.json": "[1]",
});

const expected = [1, 1, 10, 20, 5, 6, 7, 9];

it("reads the same boxes from arrays, EdgeBoxes' matrices and JSON", async () => {
  const zeroBased = { form: "corners", base: 0 } as const;
  const matlab = { form: "size", base: 1 } as const;
  expect([...(await (await openProposals(join(root, "one.json"), zeroBased))("7"))]).toEqual(expected);
  expect([...(await (await openProposals(join(root, "many"), zeroBased))("7"))]).toEqual(expected);
  const many = await openProposals(join(root, "many"), matlab);
  expect([...(await many("8"))]).toEqual(expected);
  expect([...(await many("9"))]).toEqual(expected);
  const first = await openProposals(join(root, "many"), { ...matlab, most: 1 });
  expect([...(await first("9"))]).toEqual(expected.slice(0, 4));
  expect(await (await openProposals(join(root, "one.json"), zeroBased))("8")).toHaveLength(0);
});

const faults: [string, string, string][] = [
  ["bad", "FILE_FORMAT", "4 columns or more, got 3"],
  ["flat", "FILE_FORMAT", "got 1 dimensions"],
  ["inverted", "FILE_FORMAT", "proposal 1 is no box"],
  ["huge", "FILE_FORMAT", "proposal 0 is no box"],
  ["text", "FILE_FORMAT", "each 4 numbers"],
  ["nothing", "FILE_FORMAT", "got a, b"],
  ["gone", "FILE_MISSING", "no proposals for image gone"],
  ["../one", "OPTION", "is not the id of an image"],
];

it.each(faults)("refuses %s", async (id, code, part) => {
  const proposals = await openProposals(join(root, "many"), { form: "corners", base: 1 });
  await expectError(() => proposals(id), code as "OPTION", part);
});

it("names a missing file, a missing image and a file without images", async () => {
  const form = { form: "corners", base: 1 } as const;
  await expectError(() => openProposals(join(root, "gone"), form), "FILE_MISSING", "gone");
  await expectError(() => openProposals(join(root, "list.json"), form), "FILE_FORMAT", "boxes");
  const one = await openProposals(join(root, "one.json"), form);
  await expectError(() => one("__proto__"), "FILE_MISSING", "__proto__");
});

it("covers an image with boxes of many sizes that all lie inside", () => {
  const image = { width: 500, height: 333 };
  const boxes = gridProposals(image);
  const count = boxes.length / 4;
  expect(count).toBeGreaterThan(100);
  expect(count).toBeLessThan(600);
  expect(boxAt(boxes, 0)).toMatchObject({ left: 1 });
  for (let index = 0; index < count; index++) {
    const { left, top, right, bottom } = boxAt(boxes, index);
    expect(left >= 1 && top >= 1 && right <= image.width && bottom <= image.height).toBe(true);
    expect(boxArea({ left, top, right, bottom })).toBeGreaterThan(0);
  }
  const targets = [
    { left: 1, top: 1, right: 500, bottom: 333 },
    { left: 40, top: 60, right: 200, bottom: 170 },
    { left: 300, top: 100, right: 440, bottom: 330 },
  ];
  for (const target of targets) expect(bestOverlap(boxes, target)).toBeGreaterThan(0.5);
});

it("makes at least one box of the smallest image, each only once", () => {
  expect([...gridProposals({ width: 1, height: 1 })]).toEqual([1, 1, 1, 1]);
  const wide = gridProposals({ width: 4000, height: 3 }, { scales: [1, 0.5], aspects: [1] });
  expect(
    new Set(
      Array.from({ length: wide.length / 4 }, (_, index) => wide.slice(index * 4, index * 4 + 4).join()),
    ).size,
  ).toBe(wide.length / 4);
});

it("refuses grids that would not end", async () => {
  const image = { width: 500, height: 333 };
  await expectError(() => gridProposals(image, { scales: [0] }), "OPTION", "scales");
  await expectError(() => gridProposals(image, { step: 0 }), "OPTION", "step");
});
