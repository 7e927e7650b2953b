import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type Backend, loadBackend } from "./load.js";
import type { NativeStore } from "./store.js";
import { failureOf } from "./testing/failure.js";
import { hostDevice, journalOf, under } from "./testing/host-device.js";
import { biasedPlan, longPlan, normalisedPlan, productPlan, scalePlan } from "./testing/plans.js";

// The CUDA backend's orders and errors, on a device that is played on the host.

const [illegalAddress, invalidValue] = [700, 1];

let backend: Backend;
let store: NativeStore;

beforeEach(() => {
  process.env["DUALPATH_CUDA_BINARY"] = hostDevice;
  backend = loadBackend({ device: "cuda" });
  store = backend.createStore({ device: "cuda" });
});

afterEach(async () => {
  delete process.env["DUALPATH_CUDA_BINARY"];
  delete process.env["DUALPATH_NO_GRAPH"];
  await store.dispose();
});

/** One step of `scalePlan`. */
const scaled = async (program: Awaited<ReturnType<NativeStore["compile"]>>, rate: number): Promise<number> =>
  (await program.step([Float32Array.of(1, 2)], Float32Array.of(rate)))[0]![1]!;

describe("a machine that will not do", () => {
  const machines = [
    [{ driver: 0 }, "DEVICE", /^cuda: driver: expected one for CUDA .+, got none; install NVIDIA's driver$/],
    [
      { driver: 11080 },
      "DEVICE",
      /^cuda: driver: expected .+, got one for CUDA 11\.8; update NVIDIA's driver$/,
    ],
    [{ devices: 0 }, "DEVICE", /^cuda: device: expected at least one, got none$/],
    [{ capability: 7 }, "DEVICE", /^cuda: cuda:0 Host: expected compute capability 8\.0 or later, got 7\.0$/],
    [
      { cudnn: 90000 },
      "VERSION",
      /^cuDNN: expected at least 9\.\d+\.\d+, with .+ built, got 9\.0\.0; install a newer cuDNN 9 or build/,
    ],
  ] as const;

  test.each(machines)("is refused with the remedy: %o", async (circumstances, code, message) => {
    const failure = await under(circumstances, () =>
      failureOf(() => backend.createStore({ device: "cuda" })),
    );
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
  });

  test("is asked in a child process, whose reason the fallback gives", async () => {
    process.env["DUALPATH_CUDA_BINARY"] = `${hostDevice}.missing`;
    expect(loadBackend().reason).toContain("this build has no CUDA binary");
  });
});

describe("devices", () => {
  test("are named, and chosen by number", async () => {
    expect(backend.reason).toBe("cuda:0 Host");
    const second = loadBackend({ device: "cuda:1" });
    expect(second.reason).toBe("cuda:1 Host");
    await second.createStore({ device: "cuda:1" }).dispose();
    const failure = await failureOf(() => loadBackend({ device: "cuda:2" }));
    expect(failure.message).toBe("device 'cuda:2': expected a CUDA device, got cuda:0 Host, cuda:1 Host");
  });
});

describe("memory", () => {
  test("that a plan does not find is an error with the plan's figure beside the free one", async () => {
    const arenaBytes = 2 ** 41;
    const failure = await failureOf(() => store.compile({ ...scalePlan(2), arenaBytes }));
    expect(failure.code).toBe("OUT_OF_MEMORY");
    expect(failure.message).toMatch(
      /^plan 'scaled': arena of 2199023255552 bytes and scratch of 0: cuda:0: memory: expected 2199\d+ bytes, got \d+ free of 85899345920$/,
    );
    expect(failure.details["freeBytes"]).toBeGreaterThan(0);
  });

  test("of the host that cannot be pinned fails the step and not the Store", async () => {
    const program = await store.compile(scalePlan(2));
    const failure = await under({ cudaHostAlloc: 2 }, () => failureOf(() => scaled(program, 1)));
    expect(failure.code).toBe("OUT_OF_MEMORY");
    expect(await scaled(program, 3)).toBe(6);
  });

  test("that is freed can be had again", async () => {
    const arenaBytes = 50 * 2 ** 30; // two of them do not fit
    for (let round = 0; round < 3; round++) {
      const program = await store.compile({ ...scalePlan(2), arenaBytes });
      await program.dispose();
    }
  });
});

describe("an error of the device", () => {
  test("that it cannot recover from loses the Store it happened in, and no other", async () => {
    const other = backend.createStore({ device: "cuda" });
    const [lost, alive] = [await store.compile(scalePlan(2)), await other.compile(scalePlan(2))];
    const first = await under({ cudaStreamSynchronize: illegalAddress }, () =>
      failureOf(() => scaled(lost, 1)),
    );
    expect(first.code).toBe("DEVICE");
    expect(first.message).toMatch(
      /^cuda: end of a step: expected success, got cudaErrorIllegalAddress, .+; the device lost this process's work: dispose the Store and start a new process$/,
    );
    const later = await failureOf(() => scaled(lost, 1));
    expect(later.message).toBe(first.message);
    expect((await failureOf(() => store.write("a", [1], "f32", Float32Array.of(1)))).code).toBe("DEVICE");
    expect(await scaled(alive, 2)).toBe(4);
    await other.dispose();
  });

  test("that passes fails one call", async () => {
    const program = await store.compile(scalePlan(2));
    for (const rate of [1, 2]) await scaled(program, rate);
    const failure = await under({ cudaGraphLaunch: invalidValue }, () => failureOf(() => scaled(program, 1)));
    expect(failure.code).toBe("DEVICE");
    expect(failure.message).toMatch(/^cuda: launch of a step: expected success, got /);
    expect(await scaled(program, 5)).toBe(10);
  });

  test("at a capture says how to do without, and leaves the program usable that way", async () => {
    const program = await store.compile(scalePlan(2));
    await scaled(program, 1);
    const failure = await under({ cudaStreamEndCapture: invalidValue }, () =>
      failureOf(() => scaled(program, 1)),
    );
    expect(failure.message).toContain("DUALPATH_NO_GRAPH=1 runs it node by node");
    expect(await scaled(program, 5)).toBe(10);
  });
});

describe("steps", () => {
  const orders = [
    ["copy in", "wait for copy", "copy", "product", "product", "wait"],
    ["copy in", "wait for copy", "copy", "record product", "record product", "replay 2", "wait"],
    ["copy in", "wait for copy", "copy", "replay 2", "wait"],
  ];

  test("warm up node by node, are captured in that order, and are replayed from then on", async () => {
    await store.write("w", [4, 4], "f32", new Float32Array(16));
    const program = await store.compile(longPlan(4, 2));
    for (const order of orders) {
      const journal = await journalOf(() => program.step([new Float32Array(16)], new Float32Array(0)));
      expect(journal).toEqual(order);
    }
  });

  test("are launched node by node every time with DUALPATH_NO_GRAPH", async () => {
    process.env["DUALPATH_NO_GRAPH"] = "1";
    await store.write("w", [4, 4], "f32", new Float32Array(16));
    const program = await store.compile(longPlan(4, 2));
    for (let step = 0; step < 3; step++)
      expect(await journalOf(() => program.step([new Float32Array(16)], new Float32Array(0)))).toEqual(
        orders[0],
      );
  });

  test("that are queued see their own feeds and numbers, however late the device copies", async () => {
    const program = await store.compile(scalePlan(3));
    const steps = Array.from({ length: 7 }, (_, step) => {
      const x = Float32Array.of(step, step + 1, step + 2);
      const result = program.step([x], Float32Array.of(10));
      x.fill(-1); // the caller's array is free again
      return result;
    });
    (await Promise.all(steps)).forEach(([y], step) =>
      expect(y).toEqual(Float32Array.of(10 * step, 10 * step + 10, 10 * step + 20)),
    );
  });

  test("take products column by column as cuBLASLt wants them", async () => {
    await store.write("w", [2, 2], "f32", Float32Array.of(5, 6, 7, 8));
    const program = await store.compile(productPlan(2));
    const [y] = await program.step([Float32Array.of(1, 2, 3, 4)], new Float32Array(0));
    expect(y).toEqual(Float32Array.of(19, 22, 43, 50));
    expect(program.describe().nodes[0]!.kernel).toBe("cuBLASLt algorithm 0 tile 0 splitK 0");
    expect(program.describe().scratchBytes).toBe(4096);
  });

  test("let cuBLASLt add bias and ReLU, or add them behind the product where it has no algorithm that does", async () => {
    await store.write("w", [2, 2], "f32", Float32Array.of(5, 6, 7, 8));
    await store.write("bias", [2], "f32", Float32Array.of(-20, 1));
    const [together, apart] = [
      await store.compile(biasedPlan(2)),
      await under({ epilogues: 0 }, () => store.compile(biasedPlan(2))),
    ];
    const algorithm = "cuBLASLt algorithm 0 tile 0 splitK 0";
    expect(together.describe().nodes[0]!.kernel).toBe(`${algorithm} with bias and ReLU`);
    expect(apart.describe().nodes[0]!.kernel).toBe(`${algorithm}, then bias, then ReLU`);
    for (const program of [together, apart]) {
      const [y] = await program.step([Float32Array.of(1, 2, 3, 4)], new Float32Array(0));
      expect(y).toEqual(Float32Array.of(0, 23, 23, 51));
    }
  });

  test("take a batch norm's sums from cuDNN, or make them where it has no engine that does", async () => {
    const [zero, one, two, three] = [0, 0x3f80, 0x4000, 0x4040]; // in bf16
    const identity = Array.from({ length: 16 }, (_, at) => (at % 5 === 0 ? one : zero));
    const pixels = [zero, one, two, one, two, one, two, two, zero, one, two, three, two, one, two, two];
    const feeds = [
      Uint16Array.from(pixels),
      Uint16Array.from(identity),
      new Float32Array(4),
      new Float32Array(4),
    ];
    const [together, apart] = [
      await store.compile(normalisedPlan()),
      await under({ statistics: 0 }, () => store.compile(normalisedPlan())),
    ];
    const conv = (program: typeof together) => program.describe().nodes[0]!.kernel;
    expect([conv(together), conv(apart)]).toEqual(["cuDNN loops with statistics", "cuDNN loops"]);
    const launches = (journal: string[]) => journal.filter((line) => line.includes("rows"));
    const orders = [];
    for (const program of [together, apart]) {
      const journal = await journalOf(async () => {
        const statistics = await program.step(feeds, new Float32Array(0));
        expect(statistics).toEqual([Float32Array.of(1, 1, 2, 2), Float32Array.of(1, 0, 0, 0.5)]);
      });
      orders.push(launches(journal));
    }
    expect(orders).toEqual([
      ["rows 4", "rows 4"],
      ["rows 1", "rows 4", "rows 4"],
    ]);
  });
});
