import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { FaultError, messageOf } from "@haversack/base";
import { ProblemsError } from "@haversack/protocol";
import { Command } from "commander";
import { type Converted, convertDagu } from "../convert/convert.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withJson } from "../options.ts";
import { saveWhole } from "../save-whole.ts";
import type { Shell } from "../shell.ts";
import { problemJson, tellProblems } from "./problems.ts";

interface ConvertOptions {
  readonly output?: string;
  readonly partial?: boolean;
  readonly json?: boolean;
}

const examples = `
Prints the DAG, with comments where something means another thing here; it is checked like a submission. When something
has no counterpart, everything of that kind is told with file:line:column and what to do instead, nothing is printed, and
the exit code is 2. --partial prints the rest all the same. Further documents of the file become the DAGs under \`dags\`; a DAG of
another file that is called has to be converted and stored by itself.

Examples:
  $ haversack dag convert ~/.config/dagu/dags/nightly.yaml > nightly.yaml
  $ haversack dag convert nightly-dagu.yaml -o nightly.yaml && haversack validate nightly.yaml
  $ haversack dag convert nightly-dagu.yaml --json | jq -r '.problems[].message'

--json: {converted, dag, problems: [{file, line, column, field, code, message}]}`;

export function dagConvertCommand(shell: Shell): Command {
  const command = new Command("convert")
    .description("turn a DAG of Dagu into one of Haversack")
    .argument("<file>", "the DAG of Dagu, a YAML file")
    .option("-o, --output <file>", "write it here instead of printing it")
    .option("--partial", "print it although something has no counterpart");
  return withJson(command, "JSON")
    .addHelpText("after", examples)
    .action(shell.does((file: string, options: ConvertOptions) => convert(file, options, shell)));
}

async function convert(file: string, options: ConvertOptions, shell: Shell): Promise<ExitCode> {
  const { cwd, stopping } = shell.outside;
  const converted = convertDagu(await readText(resolve(cwd, file)), file);
  const problems = converted.losses.length > 0 ? converted.losses : await check(converted);
  const isWhole = problems.length === 0;
  const isWanted = isWhole || options.partial === true;
  if (options.json === true) {
    const dag = isWanted ? { dag: converted.dag } : {};
    shell.json({ converted: isWhole, ...dag, problems: problems.map(problemJson) });
  } else {
    tellProblems(problems, shell);
    if (isWanted && options.output === undefined) shell.out(converted.dag);
  }
  if (isWanted && options.output !== undefined) {
    await saveWhole(oneOf(Buffer.from(converted.dag)), resolve(cwd, options.output), stopping);
  }
  return isWhole ? exitCodes.ok : exitCodes.invalid;
}

async function* oneOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

async function readText(path: string): Promise<string> {
  return await readFile(path, "utf8").catch((error: unknown) => {
    throw new FaultError("invalid", "dag_file", `the DAG file cannot be read: ${messageOf(error)}`);
  });
}

/** What is wrong with the values that were taken over, such as a cron text. */
async function check({ dag }: Converted): Promise<Converted["losses"]> {
  const { readPlannableDag } = await import("@haversack/coordinator");
  try {
    readPlannableDag(dag, "(converted)");
    return [];
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems;
  }
}
