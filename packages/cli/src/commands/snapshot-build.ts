import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { readDag } from "../follow/submission.ts";
import { given, withJson } from "../options.ts";
import { printable } from "../print/printable.ts";
import type { Shell } from "../shell.ts";
import { agentsFolder, agentsOption } from "./agents-folder.ts";
import { tellProblems } from "./problems.ts";
import { type BuildOutcome, buildSteps, chosenSteps } from "./snapshot-build-plan.ts";
import { buildJson, buildText } from "./snapshot-build-text.ts";
import { writePacks } from "./snapshot-build-write.ts";
import { snapshotLimits } from "./snapshot-source.ts";

interface BuildOptions {
  readonly agents?: string;
  readonly model?: string;
  readonly step?: string;
  readonly output?: string;
  readonly withMemory?: boolean;
  readonly json?: boolean;
}

const examples = `
Plans and packs here as a coordinator does at submission, without one: what each agent step would be given, and which
rule brings each part in. Memory is read when a step starts; --with-memory adds it as it is now. All problems are told,
each as file:line:column: field: message, with exit code 2; then nothing is written.

With --step, --output is a file; without, a folder that gets one <step>.gz for each agent step.

Examples:
  $ haversack snapshot build examples/dags/repo-report.yaml
  $ haversack snapshot build nightly.yaml --agents ./agents --step report --output report.gz
  $ haversack snapshot build nightly.yaml --output packs --with-memory
  $ haversack snapshot build nightly.yaml --json | jq -r '.steps[] | "\\(.digest) \\(.name)"'

--json: {valid, problems, steps: [{name, dag, step, formatVersion, digest, compressedSize, uncompressedSize, requires,
  secrets, parts, mcpServers: [{id, why}], memory: [{scope, why, included}], file?}], deferred: [{dag, step, use, why}],
  union: {parts, uncompressedSize}}
  parts as for inspect; union counts each different part of all steps once.`;

export function buildCommand(shell: Shell): Command {
  const command = new Command("build")
    .description("plan and pack the agent steps of a DAG, without a coordinator")
    .argument("<dag>", "the DAG, a YAML file")
    .addOption(agentsOption())
    .addOption(new Option("--model <id>", "default model, in place of the library's").env("HAVERSACK_MODEL"))
    .option("--step <id>", "this agent step only")
    .option("-o, --output <path>", "write the packs: a file with --step, else a folder")
    .option("--with-memory", "add what the library remembers now");
  return withJson(command, "JSON")
    .addHelpText("after", examples)
    .action(shell.does((file: string, options: BuildOptions) => build(file, options, shell)));
}

async function build(file: string, options: BuildOptions, shell: Shell): Promise<ExitCode> {
  const { outside } = shell;
  const text = await readDag(file, outside.cwd);
  const agents = await agentsFolder(options.agents, shell);
  const { model, withMemory = false } = options;
  const limits = await snapshotLimits(shell);
  const all = await buildSteps({ text, file, agents, withMemory, limits, ...given({ model }) });
  const valid = all.problems.length === 0;
  const outcome = valid ? { ...all, steps: chosenSteps(all.steps, options.step) } : all;
  const files =
    valid && options.output !== undefined ? await writePacks(outcome.steps, options, shell) : new Map();
  if (options.json === true) shell.json(buildJson(outcome, files));
  else tell(outcome, files, shell);
  return valid ? exitCodes.ok : exitCodes.invalid;
}

function tell(outcome: BuildOutcome, files: ReadonlyMap<string, string>, shell: Shell): void {
  tellProblems(outcome.problems, shell);
  if (outcome.problems.length > 0) return;
  shell.out(buildText(outcome, shell.paint));
  for (const [name, file] of files) shell.note(`wrote ${printable(name)} to ${printable(file)}`);
}
