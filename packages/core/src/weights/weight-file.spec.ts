import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CheckpointError } from "../train/errors.js";
import type { SafetensorsDType } from "../train/safetensors-header.js";
import { typedTensor, writeSafetensors } from "../train/safetensors.js";
import { mutated } from "./testing/mutate.js";
import { openWeights } from "./weight-file.js";

interface Golden {
  readonly shapes: Readonly<Record<string, number[]>>;
  readonly values: Readonly<Record<string, number[]>>;
  readonly files: Readonly<Record<string, string>>;
}

const golden = JSON.parse(
  await readFile(new URL("../../fixtures/state-dicts.json", import.meta.url), "utf8"),
) as { readonly state: Golden; readonly module: Golden; readonly refused: Readonly<Record<string, string>> };

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), "weights-"))));
afterAll(() => rm(directory, { recursive: true, force: true }));

const fromBase64 = (text: string): Uint8Array => Buffer.from(text, "base64");

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(directory, "weights.pth");
  await writeFile(path, bytes);
  return path;
}

/** All tensors of a file as plain numbers. */
async function contentOf(bytes: Uint8Array) {
  const file = await openWeights(await fileOf(bytes));
  try {
    const shapes: Record<string, readonly number[]> = {};
    const values: Record<string, number[]> = {};
    for (const [name, entry] of file.entries) {
      shapes[name] = entry.shape;
      values[name] = numbers(entry, await file.readBytes(name));
    }
    return { shapes, values };
  } finally {
    await file.close();
  }
}

function numbers(
  { dtype, shape }: { readonly dtype: SafetensorsDType; readonly shape: readonly number[] },
  bytes: Uint8Array,
): number[] {
  const entry = { name: "", dtype, shape, begin: 0, end: 0 };
  const words = typedTensor(entry, bytes.slice()) as ArrayLike<number | bigint>;
  return Array.from(words, (word) => (dtype === "F16" ? fromHalf(Number(word)) : Number(word)));
}

function fromHalf(word: number): number {
  const [sign, exponent, fraction] = [word >> 15, (word >> 10) & 31, word & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return sign === 1 ? -size : size;
}

const refusal = async (bytes: Uint8Array): Promise<CheckpointError> => {
  const error: unknown = await contentOf(bytes).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CheckpointError);
  return error as CheckpointError;
};

describe("state dicts of PyTorch", () => {
  it.each(Object.keys(golden.state.files))("written as %s come back with every number", async (form) => {
    const { shapes, values } = await contentOf(fromBase64(golden.state.files[form]!));
    expect(shapes).toEqual(golden.state.shapes);
    expect(values).toEqual(golden.state.values);
  });

  it.each(Object.keys(golden.module.files))("of a %s have the module's own names", async (form) => {
    const { shapes, values } = await contentOf(fromBase64(golden.module.files[form]!));
    expect(shapes).toEqual(golden.module.shapes);
    expect(values).toEqual(golden.module.values);
  });

  it.each([
    ["os.system", "posix.system"],
    ["a whole module", "torch.nn.modules.container.Sequential"],
  ])("that ask for %s are refused by name", async (file, name) => {
    const error = await refusal(fromBase64(golden.refused[file]!));
    expect(error.code).toBe("CHECKPOINT_UNSAFE");
    expect(error.details["name"]).toBe(name);
    expect(error.message).toContain(`'${name}'`);
  });

  it("are told from safetensors by what the file holds, not by its name", async () => {
    const path = join(directory, "safetensors.pth");
    await writeSafetensors(
      path,
      [{ name: "a", dtype: "f32", shape: [2], load: () => Float32Array.of(1, 2) }],
      {},
    );
    const file = await openWeights(path);
    expect([...file.entries.keys()]).toEqual(["a"]);
    await file.close();
  });

  it("that are missing are named", async () => {
    const path = join(directory, "gone.pth");
    await expect(openWeights(path)).rejects.toMatchObject({ code: "CHECKPOINT_MISSING", details: { path } });
  });

  it("say which tensor they do not hold", async () => {
    const file = await openWeights(await fileOf(fromBase64(golden.module.files["module"]!)));
    await expect(file.readBytes("9.weight")).rejects.toMatchObject({
      code: "CHECKPOINT_MODEL",
      details: { tensor: "9.weight" },
    });
    await file.close();
  });
});

const MUTATIONS = 700;
const SLOWEST_MILLISECONDS = 2000;

describe("damaged and hostile state dicts", () => {
  it.each(Object.keys(golden.state.files))(
    "written as %s are read or refused with a typed error, hundreds of them",
    async (form) => {
      const bytes = fromBase64(golden.state.files[form]!);
      let refused = 0;
      for (let index = 0; index < MUTATIONS; index++) {
        const started = performance.now();
        const outcome: unknown = await contentOf(mutated(bytes, 17, index)).catch(
          (reason: unknown) => reason,
        );
        expect(performance.now() - started).toBeLessThan(SLOWEST_MILLISECONDS);
        if (!(outcome instanceof Error)) continue;
        expect(outcome).toBeInstanceOf(CheckpointError);
        refused++;
      }
      expect(refused).toBeGreaterThan(MUTATIONS / 3);
    },
    120_000,
  );

  it("cut short at any place are refused", async () => {
    const bytes = fromBase64(golden.module.files["module"]!);
    for (let length = 0; length < bytes.length; length += 7) {
      expect((await refusal(bytes.subarray(0, length))).code).toBe("CHECKPOINT_CORRUPT");
    }
  });

  it("whose numbers were changed do not match their checksum", async () => {
    const bytes = Buffer.from(fromBase64(golden.module.files["module"]!));
    const at = bytes.indexOf(Buffer.from("data/0"));
    const changed = Buffer.from(bytes);
    changed[at + 80]! ^= 1;
    expect((await refusal(changed)).message).toContain("does not match its checksum");
  });
});
