import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { given, withConnection, withJson } from "../options.ts";
import { runJson } from "../print/json.ts";
import { findRun } from "../run-ref.ts";
import type { Shell } from "../shell.ts";

interface ResumeOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

interface PauseOptions extends ResumeOptions {
  readonly reason?: string;
}

export function pauseCommand(shell: Shell): Command {
  const command = new Command("pause")
    .description("start no further step of a run until it is resumed")
    .argument("<run>", "id, the beginning of one, or `latest`")
    .option("--reason <text>", "why, for those who find it paused");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Steps that a worker has go on to their end. A pause stops no clock: the time limits of the run and of its steps go on,
and a run whose time is over is no longer paused. Cancelling a paused run ends it.

Examples:
  $ haversack pause latest --reason "the staging database is being moved"
  $ haversack resume latest

--json: the run, as \`haversack show --json\` prints it, with changed: it was not paused before`,
    )
    .action(shell.does((name: string, options: PauseOptions) => pause(name, options, shell)));
}

async function pause(name: string, options: PauseOptions, shell: Shell): Promise<ExitCode> {
  const { stopping } = shell.outside;
  const { url, token, data, reason = "" } = options;
  const client = await shell.connect(given({ url, token, data }));
  const { id } = await findRun(client, name, stopping);
  const { run, changed } = await client.pauseRun(id, reason, stopping);
  if (options.json === true) shell.json({ ...runJson(run), changed });
  else shell.out(changed ? `run ${id} is paused\n` : `run ${id} was paused already\n`);
  return exitCodes.ok;
}

export function resumeCommand(shell: Shell): Command {
  const command = new Command("resume")
    .description("go on with a paused run")
    .argument("<run>", "id, the beginning of one, or `latest`");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Examples:
  $ haversack resume latest && haversack show latest --follow

--json: the run, as \`haversack show --json\` prints it, with changed: it was paused before`,
    )
    .action(shell.does((name: string, options: ResumeOptions) => resume(name, options, shell)));
}

async function resume(name: string, options: ResumeOptions, shell: Shell): Promise<ExitCode> {
  const { stopping } = shell.outside;
  const { url, token, data } = options;
  const client = await shell.connect(given({ url, token, data }));
  const { id } = await findRun(client, name, stopping);
  const { run, changed } = await client.resumeRun(id, stopping);
  if (options.json === true) shell.json({ ...runJson(run), changed });
  else shell.out(changed ? `run ${id} goes on\n` : `run ${id} was not paused\n`);
  return exitCodes.ok;
}
