/** What `run` and `retry` say of the run that they started. */

import type { HaversackClient, RunDetail } from "@haversack/protocol";
import { type ExitCode, exitCodeOfRun, exitCodes } from "../exit-codes.ts";
import { flagsOf, given } from "../options.ts";
import { runJson } from "../print/json.ts";
import { commandName } from "../print/run-result.ts";
import type { Shell } from "../shell.ts";
import { tellRun } from "../tell-run.ts";

export interface StartedOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly url?: string;
  readonly data?: string;
}

export async function tellStarted(
  client: HaversackClient,
  run: RunDetail,
  options: StartedOptions,
  shell: Shell,
): Promise<ExitCode> {
  const { outside } = shell;
  const flags = flagsOf(given({ url: options.url, data: options.data }));
  if (options.follow === true) {
    const whenInterrupted = `the run goes on: ${commandName} show ${run.id} --follow${flags}`;
    const asked = { json: options.json === true, whenInterrupted, flags };
    return exitCodeOfRun((await tellRun(client, run, asked, shell, outside.stopping)).status);
  }
  if (options.json === true) shell.json(runJson(run));
  else shell.out(`${run.id}\n`);
  if (outside.terminal.live) shell.note(`follow it: ${commandName} show ${run.id} --follow${flags}`);
  return exitCodes.ok;
}
