import { isTerminalRun } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { given, withConnection, withJson } from "../options.ts";
import { runJson } from "../print/json.ts";
import { findRun } from "../run-ref.ts";
import type { Shell } from "../shell.ts";

interface CancelOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

const examples = `
Running steps are ended, steps that wait never start. Cancelling a run that has ended changes nothing (exit code 0).

Examples:
  $ haversack cancel latest
  $ haversack cancel 0198c2f3 && haversack show 0198c2f3 --follow

--json: the run, as \`haversack show --json\` prints it.`;

export function cancelCommand(shell: Shell): Command {
  const command = new Command("cancel")
    .description("ask for the end of a run")
    .argument("<run>", "id, the beginning of one, or `latest`");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string, options: CancelOptions) => cancel(name, options, shell)));
}

async function cancel(name: string, options: CancelOptions, shell: Shell): Promise<ExitCode> {
  const { stopping } = shell.outside;
  const { url, token, data } = options;
  const client = await shell.connect(given({ url, token, data }));
  const before = await findRun(client, name, stopping);
  const run = await client.cancel(before.id, stopping);
  if (options.json === true) shell.json(runJson(run));
  else if (isTerminalRun(before.status)) shell.out(`run ${run.id} had ended already: ${run.status}\n`);
  else shell.out(`run ${run.id} ${isTerminalRun(run.status) ? `is ${run.status}` : "is being cancelled"}\n`);
  return exitCodes.ok;
}
