import type { Precision } from "@dualpath/core";

/** A loaded workload. */
export interface Loaded {
  /** Runs one step and returns its seconds. */
  step(): Promise<number>;
  /** Store and arena as the plan predicts them, where the workload is one plan. */
  readonly plannedBytes?: number;
}

/** Sizes that a workload may ask for; both sides of a comparison get the same ones. */
export interface Settings {
  readonly threads: number;
  readonly batch: number;
  /** How training steps compute products. */
  readonly precision: Precision;
  /** Classes of the shared classifier. */
  readonly classes: number;
  readonly vocabulary: number;
  /** Rows and length of embeddings to be searched. */
  readonly images: number;
  readonly texts: number;
  readonly dimension: number;
  /** Folder of JPEG files. */
  readonly photos: string;
}

/** Seconds that `work` takes. */
export function timed(work: () => Promise<unknown>): Loaded {
  const step = async () => {
    const start = performance.now();
    await work();
    return (performance.now() - start) / 1000;
  };
  return { step };
}
