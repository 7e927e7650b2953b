import { corrupt, type FileBytes } from "./file-bytes.js";
import { unpickle } from "./pickle.js";
import { storageBytes, type TorchContent } from "./torch-weights.js";
import { readRecord, readZipDirectory, type ZipRecord } from "./zip.js";

const PICKLE = "/data.pkl";
const LARGEST_PICKLE = 64 * 1024 * 1024;

/** Whether a file begins as a zip archive does. */
export const isZip = (start: Uint8Array): boolean =>
  start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4;

/** The content of an archive of `torch.save`: `<name>/data.pkl`, `<name>/data/<key>`, `<name>/byteorder`. */
export async function zipStorages(file: FileBytes): Promise<TorchContent> {
  const records = await readZipDirectory(file);
  const pickles = [...records.values()].filter(({ name }) => name.endsWith(PICKLE));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1 || pickle.size > LARGEST_PICKLE)
    throw corrupt(file.path, "the archive is none of PyTorch: it needs one data.pkl");
  const root = pickle.name.slice(0, -PICKLE.length);
  await checkByteOrder(file, records.get(`${root}/byteorder`));
  const { value } = unpickle(await readRecord(file, pickle), file.path);
  return {
    value,
    readStorage: async (storage) => {
      const record = records.get(`${root}/data/${storage.key}`);
      if (record === undefined || record.size < storageBytes(storage))
        throw corrupt(file.path, `the numbers of storage '${storage.key}' are missing`);
      return readRecord(file, record);
    },
  };
}

async function checkByteOrder(file: FileBytes, record: ZipRecord | undefined): Promise<void> {
  if (record === undefined) return;
  if (record.size > 16 || new TextDecoder().decode(await readRecord(file, record)) !== "little")
    throw corrupt(file.path, "its numbers are big-endian; save it again on a little-endian machine");
}
