import { describe, expect, it } from "vitest";
import { bars } from "./bars.js";
import { curve, liveCurve } from "./curve.js";
import { parallelCoordinates } from "./parallel-coordinates.js";
import { extent, linearScale, logarithmicScale, shortNumber } from "./scale.js";
import { scatter } from "./scatter.js";
import type { Shown } from "../display/show.js";

const labels = { x: "step", y: "loss" };

describe("scales", () => {
  it("put round ticks inside the span and its ends at the range's", () => {
    const scale = linearScale([0, 97], [100, 400]);
    expect(scale.ticks.map(({ label }) => label)).toEqual(["0", "20", "40", "60", "80"]);
    expect([scale.at(0), scale.at(97)]).toEqual([100, 400]);
  });

  it("give powers of ten equal distances", () => {
    const { at, ticks } = logarithmicScale([0.001, 0.1], [0, 200]);
    expect(at(0.01)).toBeCloseTo(100, 9);
    expect(ticks.map(({ label }) => label)).toEqual(["0.001", "0.01", "0.1"]);
  });

  it("leave room around a single number and ignore what is none", () => {
    expect(extent([3, Number.NaN, Infinity])).toEqual([2.5, 3.5]);
    expect(extent([])).toEqual([0, 1]);
  });

  it("write large and small numbers short", () => {
    expect([shortNumber(0.00012), shortNumber(1234567), shortNumber(0.123456)]).toEqual([
      "1e-4",
      "1e+6",
      "0.1235",
    ]);
  });
});

describe("curves", () => {
  it("draw a line for every series, a band where there is one, and escape names", () => {
    const points = [
      { x: 0, y: 2, low: 1, high: 3 },
      { x: 1, y: 1, low: 1, high: 1 },
    ];
    const { data, mime } = curve(
      [
        { name: "a<b", points },
        { name: "c", points: [{ x: 0, y: 0 }] },
      ],
      labels,
    );
    expect(mime).toBe("image/svg+xml");
    expect(String(data).match(/<polyline/g)).toHaveLength(2);
    expect(String(data).match(/<polygon/g)).toHaveLength(1);
    expect(data).toContain("a&lt;b");
  });

  it("leave out points that are no numbers", () => {
    const { data } = curve(
      [
        {
          name: "a",
          points: [
            { x: 0, y: Number.NaN },
            { x: 1, y: 1 },
          ],
        },
      ],
      labels,
    );
    expect(data).not.toContain("NaN");
  });

  it("that are live redraw at most once in an interval, and when asked to", async () => {
    const shown: Shown[] = [];
    const display = { show: async (picture: Shown) => void shown.push(picture) as undefined };
    const live = liveCurve({ ...labels, display, interval: 60_000 });
    for (let step = 0; step < 50; step++) await live.add("loss", step, 1 / (step + 1));
    expect(shown).toHaveLength(1);
    await live.flush();
    expect(String(shown[1]?.data).length).toBeGreaterThan(String(shown[0]?.data).length);
  });
});

describe("other charts", () => {
  it("give every run one line across words, logarithms and the objective", () => {
    const { data } = parallelCoordinates(
      [
        { name: "loss", values: ["ranking", "instance", "ranking"] },
        { name: "rate", values: [0.001, 0.1, 1] },
        { name: "rsum", values: [10, 30, 20] },
      ],
      { title: "sweep" },
    );
    expect(String(data).match(/<polyline/g)).toHaveLength(3);
    for (const label of ["instance", "ranking", "0.001"]) expect(data).toContain(`>${label}</text>`);
    expect(data).toContain("rgb(68,1,84)");
    expect(data).toContain("rgb(253,200,37)");
  });

  it("draw hollow and filled dots, and bars no longer than their room", () => {
    const dots = [
      { x: 0, y: 1, group: 0 },
      { x: 1, y: 0, group: 1, hollow: true },
    ];
    expect(
      String(scatter([{ title: "t", dots }], { columns: 3 }).data).match(/r="7" fill="none"/g),
    ).toHaveLength(1);
    const { data } = bars([{ name: "rate", share: 1.5 }], "importance");
    expect(data).toContain('width="330.0"');
  });
});
