import { describe, expect, it } from "vitest";
import { withDataFolder } from "./override.js";

const captions = (more: Record<string, unknown>) => ({ kind: "captions", ...more });

describe("a corpus in another folder", () => {
  it("has its directory there", () => {
    const corpus = { kind: "flickr8k", directory: "/data/flickr8k", split: "x" };
    expect(withDataFolder(corpus, "/other")).toEqual({ ...corpus, directory: "/other" });
  });

  it("of captions has its relative paths there, and sizes of drawn splits as they are", () => {
    const corpus = captions({
      images: "photos",
      captions: "c.csv",
      splits: { validation: 5, test: 5, seed: 1 },
    });
    expect(withDataFolder(corpus, "/other")).toEqual({
      ...corpus,
      images: "/other/photos",
      captions: "/other/c.csv",
    });
  });

  it("of captions by absolute paths takes the place of the folder that holds them all", () => {
    const splits = { train: "/data/mine/lists/train.txt", test: "/data/mine/lists/test.txt" };
    const images = { train: "/data/mine/photos/train", test: "/data/mine/photos/test" };
    expect(withDataFolder(captions({ images, captions: "/data/mine/c.csv", splits }), "/other")).toEqual(
      captions({
        images: { train: "/other/photos/train", test: "/other/photos/test" },
        captions: "/other/c.csv",
        splits: { train: "/other/lists/train.txt", test: "/other/lists/test.txt" },
      }),
    );
  });

  it("of captions does not mistake a name's beginning for a folder", () => {
    const corpus = captions({ images: "/data/set/photos", captions: "/data/set-2/c.csv" });
    expect(withDataFolder(corpus, "/other")).toEqual(
      captions({ images: "/other/set/photos", captions: "/other/set-2/c.csv" }),
    );
  });

  it("of captions is refused where no folder holds the absolute paths", () => {
    const corpus = captions({ images: "/photos/a", captions: "/captions/c.csv" });
    expect(() => withDataFolder(corpus, "/other")).toThrow(
      expect.objectContaining({
        code: "USAGE",
        message: expect.stringContaining("/captions/c.csv"),
      }) as Error,
    );
  });
});
