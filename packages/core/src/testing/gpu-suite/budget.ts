/** The time that all parts of a run share. */
export interface Budget {
  /** Seconds that are left. */
  left(): number;
}

/** A budget that runs from now on. */
export const startBudget = (seconds: number, now = (): number => performance.now() / 1000): Budget => {
  const end = now() + seconds;
  return { left: () => end - now() };
};
