// A trial that computes nothing: it counts steps, writes the journal and a checkpoint, and leaves a result that is a
// function of its config. Every step it takes is noted in work.log, so that a test can see what ran twice.
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";

const directory = process.argv[2];
const file = (name) => join(directory, name);
const { training, seed } = parse(readFileSync(file("config.yaml"), "utf8"));
const { steps, milliseconds, learningRate, behaviour = "good", checkpointEvery = 2 } = training;
const attempt = Number(process.env.DUALPATH_ATTEMPT);

let stopped;
if (behaviour !== "deaf") {
  process.on("SIGTERM", () => (stopped ??= 143));
  process.on("SIGINT", () => (stopped ??= 130));
  process.on("disconnect", () => (stopped ??= 143));
  process.channel?.unref();
  if (!process.connected) process.exit(143);
}

const checkpoint = file("checkpoint.json");
const state = existsSync(checkpoint) ? JSON.parse(readFileSync(checkpoint, "utf8")) : { step: 0, sum: seed };
const write = (entry) => appendFileSync(file("journal.jsonl"), `${JSON.stringify(entry)}\n`);
const replace = (name, value) => {
  writeFileSync(file(`${name}.part`), JSON.stringify(value));
  renameSync(file(`${name}.part`), file(name));
};

mkdirSync(file("checkpoints"), { recursive: true });
appendFileSync(
  file("work.log"),
  `attempt ${attempt} threads ${process.env.DUALPATH_THREADS} from ${state.step}\n`,
);
write({ kind: "params", params: { steps: String(steps) } });
if (behaviour === "fails" || (behaviour === "fails-once" && attempt === 1)) {
  replace("failure.json", {
    code: "CRASH",
    message: "it was told to fail",
    retryable: behaviour === "fails-once",
  });
  process.exit(1);
}
while (state.step < steps && stopped === undefined) {
  await sleep(milliseconds);
  state.step += 1;
  state.sum = (state.sum * 31 + state.step * learningRate * 1000) % 1009;
  appendFileSync(file("work.log"), `step ${state.step}\n`);
  const values = { "train/loss": 1 / state.step, "val/rsum": learningRate * state.step };
  write({ kind: "metrics", step: state.step, timestamp: Date.now(), values });
  if (state.step % checkpointEvery === 0) replace("checkpoint.json", state);
  if (behaviour === "crashes-once" && attempt === 1 && state.step === 3) process.kill(process.pid, "SIGKILL");
}
if (state.step === steps) {
  appendFileSync(file("work.log"), "finished\n");
  replace("result.json", { metrics: { "best/val_rsum": state.sum }, rows: [], seconds: 0 });
  process.exit(0);
}
replace("checkpoint.json", state);
process.exit(stopped);
