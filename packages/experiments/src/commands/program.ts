import { Command, InvalidArgumentError, Option } from "commander";
import { ExperimentError } from "../errors.js";
import { baselineCommand, type BaselineOptions } from "./baseline.js";
import { claimsCommand, type ClaimsOptions } from "./claims.js";
import { embedCommand, type EmbedCommandOptions } from "./embed.js";
import { evaluateCommand, type EvaluateOptions } from "./evaluate.js";
import { explainCommand, type ExplainOptions } from "./explain.js";
import { exploreCommand, type ExploreOptions } from "./explore.js";
import { exportCommand, type ExportCommandOptions } from "./export.js";
import { sweepCommand, trainCommand, type CommandContext, type RunOptions } from "./experiment-run.js";
import { mlflowCommand, type MlflowOptions } from "./mlflow.js";
import { profileCommand, type ProfileCommandOptions } from "./profile.js";
import { reproduceCommand, type ReproduceOptions } from "./reproduce.js";
import { searchCommand, type SearchCommandOptions } from "./search.js";
import { syncCommand } from "./sync.js";

const positive = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`expected a whole number above 0, got '${text}'.`);
};

const places = (text: string): number | "all" => (text === "all" ? text : positive(text));

const collected = (value: string, earlier: readonly string[] = []): string[] => [...earlier, value];

const withRunOptions = (command: Command): Command =>
  command
    .option("--data <folder>", "folder of the corpus, instead of the config's")
    .option("--weights <file>", "weights of the image trunk, instead of the config's")
    .option("--fresh", "start over; the earlier runs are moved aside")
    .option("--offline", "record on the disk only; send the runs later with sync")
    .option("--jobs <number>", "trials side by side, instead of the config's", positive);

/** The command line; every command runs in the given context. */
export function commandLine(context: CommandContext): Command {
  const program = new Command("experiments").description(
    "Train, sweep and compare dual-path image-text models.",
  );
  program.exitOverride().configureOutput({ writeErr: () => undefined });
  withRunOptions(program.command("train"))
    .description("train one experiment, its sweep section left aside")
    .requiredOption("--config <file>", "YAML file, or the name of a checked-in config")
    .action(async (options: RunOptions) => void (await trainCommand(options, context)));
  withRunOptions(program.command("sweep"))
    .description("run every point of an experiment's space; the same command goes on after a stop")
    .option("--config <file>", "YAML file, or the name of a checked-in config", "emoji-sweep")
    .action(async (options: RunOptions) => void (await sweepCommand(named(options, "emoji-sweep"), context)));
  withRunOptions(program.command("reproduce"))
    .description("run a preset over its seeds and print its table")
    .argument("<preset>", "name of a checked-in config")
    .option("--json <file>", "write the rows as a JSON array")
    .action(async (preset: string, options: Omit<ReproduceOptions, "preset">) => {
      await reproduceCommand({ preset, ...options }, context);
    });
  addLookingCommands(program, context);
  addPhotoCommands(program, context);
  return program;
}

function addPhotoCommands(program: Command, context: CommandContext): void {
  program
    .command("embed")
    .description("embed a folder of photos with a trained checkpoint; the same command goes on after a stop")
    .requiredOption("--checkpoint <folder>", "a trial's directory, or a .safetensors file in it")
    .requiredOption("--photos <folder>", "folder of photos, with the folders below it")
    .requiredOption("--index <file>", "the index to make")
    .option("--threads <number>", "cores to use, instead of all", positive)
    .option("--approximate", "build the approximate index too, whatever the number of photos")
    .option("--fresh", "start over")
    .action((options: EmbedCommandOptions) => embedCommand(options, context));
  program
    .command("search")
    .description("find photos of an index by a sentence, or by a photo")
    .argument("[sentence]", "what the photos should show")
    .requiredOption("--index <file>", "an index made by embed")
    .option("--photo <file>", "find photos like this one")
    .option("--top <number>", "results to show", positive, 10)
    .option("--checkpoint <folder>", "where the index's checkpoint is now")
    .option("--threads <number>", "cores to use, instead of all", positive)
    .option("--exact", "compare with every photo, whatever their number")
    .option("--approximate", "ask the approximate index, whatever the number of photos")
    .option("--json", "print the results as a JSON array")
    .action(async (sentence: string | undefined, options: SearchCommandOptions) => {
      await searchCommand(sentence, options, context);
    });
  program
    .command("explore")
    .description("serve a local page that searches one or more indexes side by side")
    .requiredOption("--index <file>", "an index made by embed; give it again to compare", collected)
    .option("--port <number>", "port on this machine", positive, 7077)
    .option("--threads <number>", "cores to use, instead of all", positive)
    .action((options: ExploreOptions) => exploreCommand(options, context));
  program
    .command("export")
    .description("write a trained model for use elsewhere, with its preprocessing and a model card")
    .requiredOption("--checkpoint <folder>", "a trial's directory, or a .safetensors file in it")
    .addOption(new Option("--format <format>").choices(["onnx", "safetensors"]).default("onnx"))
    .option("--output <folder>", "instead of export-<format> in the trial's directory")
    .option("--int8", "weights as int8 with a scale for each output (onnx); what that costs is measured")
    .option("--data <folder>", "folder of the corpus to measure it on, instead of the trial's")
    .option("--weights <file>", "weights of a frozen trunk, instead of the trial's")
    .action((options: ExportCommandOptions) => exportCommand(options, context));
}

function addLookingCommands(program: Command, context: CommandContext): void {
  program
    .command("evaluate")
    .description("score a trained checkpoint")
    .requiredOption("--checkpoint <folder>", "a trial's directory, or a .safetensors file in it")
    .option("--data <folder>", "folder of the corpus, instead of the trial's")
    .option("--weights <file>", "weights of a frozen trunk, instead of the trial's")
    .option(
      "--split <name>",
      "split to score, or a pattern as 'test-fold*' for a mean; default: the report's",
    )
    .option("--against <rows>", "rows of the same split to show beside: a --json file, or 'published'")
    .addOption(
      new Option("--feature <side>", "side of the last ReLU to compare, instead of the trial's").choices([
        "pre-relu",
        "post-relu",
      ]),
    )
    .option("--flip", "add the mirrored photos' features")
    .option("--no-flip", "leave them out")
    .option("--convolutional", "look at every place of the whole photos")
    .option("--no-convolutional", "look at one view")
    .option("--positions <places>", "places of a caption's words to add up: a count, or 'all'", places)
    .option("--int8", "round the weights as 'export --int8' does")
    .option("--json <file>", "write the rows as a JSON array")
    .action(async (options: EvaluateOptions) => void (await evaluateCommand(options, context)));
  program
    .command("baseline")
    .description(
      "score canonical correlation (CCA) on a config's features and text vectors, in place of its model",
    )
    .requiredOption("--config <file>", "YAML file, or the name of a checked-in config")
    .option("--data <folder>", "folder of the corpus, instead of the config's")
    .option("--weights <file>", "weights of the image trunk, instead of the config's")
    .option("--dimensions <number>", "canonical directions to keep; default: 128", positive)
    .option("--split <name>", "split to score, or a pattern for a mean; default: the report's")
    .option("--json <file>", "write the rows as a JSON array")
    .action(async (options: BaselineOptions) => void (await baselineCommand(options, context)));
  program
    .command("explain")
    .description("show what training costs, before anything runs")
    .requiredOption("--config <file>", "YAML file, or the name of a checked-in config")
    .option("--data <folder>", "folder of the corpus, instead of the config's")
    .option("--weights <file>", "weights of the image trunk, instead of the config's")
    .option("--nodes", "show every node of every stage")
    .action(async (options: ExplainOptions) => void (await explainCommand(named(options, "emoji"), context)));
  program
    .command("profile")
    .description("time the training step node by node, beside what the machine can do")
    .argument("[config]", "YAML file, or the name of a checked-in config", "emoji")
    .option("--data <folder>", "folder of the corpus, instead of the config's")
    .option("--weights <file>", "weights of the image trunk, instead of the config's")
    .option("--steps <number>", "measured steps", positive)
    .option("--nodes <number>", "show so many of the heaviest nodes", positive)
    .option("--json <file>", "write every node as JSON")
    .action(async (config: string, options: Omit<ProfileCommandOptions, "config">) => {
      await profileCommand({ ...options, config }, context);
    });
  program
    .command("claims")
    .description("turn finished sweeps that claim something into a page with a plot each")
    .argument("[configs...]", "configs with a sweep.claim; default: all below configs/claims")
    .option("--page <file>", "instead of docs/results.md")
    .action((configs: string[], options: ClaimsOptions) => void claimsCommand(configs, options, context));
  program
    .command("mlflow")
    .description("serve the local MLflow store")
    .option("--stop", "stop the local server")
    .option("--detach", "leave it running")
    .option("--port <number>", "instead of the first free one from 5000 on", positive)
    .action((options: MlflowOptions) => mlflowCommand(options, context));
  program
    .command("sync")
    .description("send runs that MLflow has not received yet")
    .argument("[folders...]", "folders below which to look; default: all runs")
    .action((folders: string[]) => syncCommand(folders, context));
}

const DEFAULT = "default";

const named = <T extends { readonly config: string }>(options: T, config: string): T =>
  options.config === DEFAULT ? { ...options, config } : options;

/** Commander's own complaints as errors of this package; help and version are none. */
export function usageError(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || !("exitCode" in error)) return error;
  if (typeof error.code !== "string" || !error.code.startsWith("commander.")) return error;
  if (error.exitCode === 0 || error.code === "commander.help") return undefined;
  return new ExperimentError("USAGE", `${error.message.replace(/^error: /, "")} (--help shows the commands)`);
}
