import { cropResize, Graph, Store } from "@dualpath/core";
import { centreBoxes, decodeImage } from "@dualpath/datasets";
import { photoFiles } from "../synthetic-photos.js";
import { timed, type Settings, type Loaded } from "./workload.js";

/** Side of a decoded photo, and of what is cut out of it for a batch. */
const [decoded, picture] = [256, 224];

/** JPEG files to a batch that a step can take: decoded, cropped, mirrored and normalised; one photo in flight a thread. */
export async function photoBatch({ threads, photos }: Settings): Promise<Loaded> {
  const files = photoFiles(photos);
  const store = Store.open({ device: "cpu", threads });
  const graph = new Graph("photos");
  const image = graph.input("image", [files.length, decoded, decoded, 3], "u8");
  const box = graph.input("box", [files.length, 5], "f32");
  const batch = cropResize(image, box, {
    size: [picture, picture],
    mean: [124, 116, 104],
    scale: [1 / 58, 1 / 57, 1 / 57],
  });
  const program = await store.compile(graph, { taps: { batch } });
  const boxes = centreBoxes(files.length, [decoded, decoded], (picture / decoded) ** 2);
  return timed(async () => {
    const pixels = new Uint8Array(files.length * decoded * decoded * 3);
    const rows = files.keys();
    const decodeRows = async (): Promise<void> => {
      for (const row of rows)
        pixels.set(
          await decodeImage(files[row]!, { size: [decoded, decoded], fit: "cover" }),
          row * decoded ** 2 * 3,
        );
    };
    await Promise.all(Array.from({ length: threads }, decodeRows));
    await program.step({ image: pixels, box: boxes });
  });
}
