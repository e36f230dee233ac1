import { formatProblem } from "@haversack/protocol";
import type { Advice, Library, LibraryCheck } from "@haversack/snapshot";
import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { given, withJson } from "../options.ts";
import { printable, printableLines } from "../print/printable.ts";
import type { Shell } from "../shell.ts";
import { agentsFolder, agentsOption } from "./agents-folder.ts";
import { problemJson, tellProblems } from "./problems.ts";
import { snapshotLimits } from "./snapshot-source.ts";

interface ValidateOptions {
  readonly agents?: string;
  readonly model?: string;
  readonly json?: boolean;
}

const examples = `
Reads the whole library and plans every profile as a step would use it: files, names, what profiles and config.yaml
name, secrets in plain text, sizes, memory, links between the files of a skill. All problems are told, each as
file:line:column: field: message. Exit code 2 when there are any. Advice changes nothing.

Examples:
  $ haversack agents validate
  $ haversack agents validate ./agents
  $ haversack agents validate ./agents --json | jq -r '.problems[] | "\\(.file):\\(.line) \\(.code)"'

--json: {valid, problems: [{file, line, column, field, code, message}], advice: [{file, line, column, field, message}]}`;

export function agentsValidateCommand(shell: Shell): Command {
  const command = new Command("validate")
    .description("check an agent library, strictly and without a DAG")
    .argument("[dir]", "the library; --agents says the same")
    .addOption(agentsOption())
    .addOption(new Option("--model <id>", "default model, in place of the library's").env("HAVERSACK_MODEL"));
  return withJson(command, "JSON")
    .addHelpText("after", examples)
    .action(shell.does((dir: string | undefined, options: ValidateOptions) => validate(dir, options, shell)));
}

async function validate(dir: string | undefined, options: ValidateOptions, shell: Shell): Promise<ExitCode> {
  const { folder, label } = await agentsFolder(dir ?? options.agents, shell);
  const { checkLibrary, readLibrary } = await import("@haversack/snapshot");
  const limits = await snapshotLimits(shell);
  const library = await readLibrary(folder, { label, limits });
  const found = await checkLibrary(library, { limits, ...given({ defaultModel: options.model }) });
  const valid = found.problems.length === 0;
  if (options.json === true) shell.json(checkJson(found));
  else tell(found, library, label, shell);
  return valid ? exitCodes.ok : exitCodes.invalid;
}

function checkJson({ problems, advice }: LibraryCheck): object {
  const plain = ({ file, line, column, field, message }: Advice) => ({ file, line, column, field, message });
  return { valid: problems.length === 0, problems: problems.map(problemJson), advice: advice.map(plain) };
}

function tell({ problems, advice }: LibraryCheck, library: Library, label: string, shell: Shell): void {
  tellProblems(problems, shell);
  for (const each of advice) shell.note(`advice: ${printableLines(formatProblem({ ...each, code: "" }))}`);
  if (problems.length > 0) shell.note(`${printable(label)} has ${counted(problems.length, "problem")}`);
  else shell.out(`${printable(label)} is valid: ${contents(library)}\n`);
}

function contents({ models, profiles, skills, souls, mcpServers }: Library): string {
  return [
    counted(models.size, "model"),
    counted(profiles.size, "profile"),
    counted(skills.size, "skill"),
    counted(souls.size, "soul"),
    counted(mcpServers.size, "MCP server"),
  ].join(", ");
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
