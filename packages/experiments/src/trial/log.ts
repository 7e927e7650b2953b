import { destination, pino, stdTimeFunctions } from "pino";

const STDERR = 2;

/** The trial's own log, JSON lines with times; the launcher keeps it in `trial.log`. */
export const trialLog = () =>
  pino({ base: null, timestamp: stdTimeFunctions.isoTime }, destination({ fd: STDERR, sync: true }));
