import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { readDagText } from "../follow/submission.ts";
import { given, withConnection, withJson } from "../options.ts";
import type { Shell } from "../shell.ts";
import { problemJson, tellProblems } from "./problems.ts";

interface ValidateOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

const examples = `
Asks the coordinator, which knows its agent library: a skill, soul or model that is missing is a problem too.
All problems are told, each as file:line:column: field: message. Exit code 2 when there are any.

Examples:
  $ haversack validate examples/dags/repo-report.yaml
  $ haversack validate report.yaml --json | jq -r '.problems[].code'

--json: {valid, problems: [{file, line, column, field, code, message}]}`;

export function validateCommand(shell: Shell): Command {
  const command = new Command("validate")
    .description("check a DAG without running it")
    .argument("<file>", "the DAG, a YAML file");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((file: string, options: ValidateOptions) => validate(file, options, shell)));
}

async function validate(file: string, options: ValidateOptions, shell: Shell): Promise<ExitCode> {
  const { outside } = shell;
  const { url, token, data } = options;
  const dag = await readDagText(file, outside.cwd);
  const client = await shell.connect(given({ url, token, data }));
  const problems = await client.validate(dag, outside.stopping);
  const valid = problems.length === 0;
  if (options.json === true) {
    shell.json({ valid, problems: problems.map(problemJson) });
  } else if (valid) {
    shell.out(`${file} is valid\n`);
  } else {
    tellProblems(problems, shell);
  }
  return valid ? exitCodes.ok : exitCodes.invalid;
}
