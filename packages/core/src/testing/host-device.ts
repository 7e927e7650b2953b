import { fileURLToPath } from "node:url";
import { Store } from "../engine/store.js";

const VARIABLE = "DUALPATH_CUDA_BINARY";
const binary = fileURLToPath(
  new URL("../../../cuda-kernels/build-host-device/Release/dualpath.node", import.meta.url),
);

/** Opens something while the CUDA backend is the one of a device that is played on the host. */
export const onHostDevice = <Opened>(open: () => Opened): Opened => {
  const own = process.env[VARIABLE];
  process.env[VARIABLE] = binary;
  try {
    return open();
  } finally {
    if (own === undefined) delete process.env[VARIABLE];
    else process.env[VARIABLE] = own;
  }
};

/** A Store of the CUDA backend, on a device that is played on the host. */
export const openHostDevice = (): Store => onHostDevice(() => Store.open({ device: "cuda" }));
