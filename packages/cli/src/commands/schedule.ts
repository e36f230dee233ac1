/** `haversack schedule`: when stored DAGs are started, and what became of their times. */

import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection, withJson } from "../options.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions, parseSchedules } from "./dag-options.ts";
import { scheduleBackfillCommand } from "./schedule-backfill.ts";
import { scheduleListCommand } from "./schedule-list.ts";
import { scheduleTriggerCommand } from "./schedule-trigger.ts";

const help = `
A schedule stands in its DAG (\`schedule: "30 2 * * *"\`) and counts once the DAG is stored (\`haversack dag put\`).

Examples:
  $ haversack schedule list                                what comes next, and what became of the last times
  $ haversack schedule pause nightly --note "disk is full"
  $ haversack schedule trigger nightly --follow            one run now
  $ haversack schedule backfill nightly --from 2026-01-01 --to 2026-01-31`;

export function scheduleCommand(shell: Shell): Command {
  return new Command("schedule")
    .description("when stored DAGs start: list, pause, resume, trigger, backfill")
    .addHelpText("after", help)
    .addCommand(scheduleListCommand(shell))
    .addCommand(pauseCommand(shell))
    .addCommand(resumeCommand(shell))
    .addCommand(scheduleTriggerCommand(shell))
    .addCommand(scheduleBackfillCommand(shell));
}

interface PauseOptions extends DagOptions {
  readonly note?: string;
}

function pauseCommand(shell: Shell): Command {
  const command = new Command("pause")
    .description("start nothing by itself until it is resumed")
    .argument("<name>", "a stored DAG: all its schedules; or NAME/INDEX")
    .option("--note <text>", "why, for those who find it paused");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
It stays paused over restarts of the coordinator and new texts of the DAG. What runs goes on; what waits, waits.

Examples:
  $ haversack schedule pause nightly --note "until the disk is replaced"
  $ haversack schedule pause nightly/1

--json: {dagName, index, changed}; changed: how many were not paused before`,
    )
    .action(shell.does((name: string, options: PauseOptions) => pause(name, options, shell)));
}

async function pause(name: string, options: PauseOptions, shell: Shell): Promise<ExitCode> {
  const which = parseSchedules(name);
  const client = await connect(options, shell);
  const changed = await client.pauseSchedules(which, options.note ?? "", shell.outside.stopping);
  if (options.json === true) shell.json({ ...which, changed });
  else shell.out(changed === 0 ? `${name} was paused already\n` : `${name} is paused\n`);
  return exitCodes.ok;
}

function resumeCommand(shell: Shell): Command {
  const command = new Command("resume")
    .description("start by itself again")
    .argument("<name>", "a stored DAG: all its schedules; or NAME/INDEX");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Times that passed during the pause are not made up for: \`haversack schedule backfill\` does that.

Examples:
  $ haversack schedule resume nightly

--json: {dagName, index, changed}; changed: how many were paused before`,
    )
    .action(shell.does((name: string, options: DagOptions) => resume(name, options, shell)));
}

async function resume(name: string, options: DagOptions, shell: Shell): Promise<ExitCode> {
  const which = parseSchedules(name);
  const client = await connect(options, shell);
  const changed = await client.resumeSchedules(which, shell.outside.stopping);
  if (options.json === true) shell.json({ ...which, changed });
  else shell.out(changed === 0 ? `${name} was not paused\n` : `${name} goes on\n`);
  return exitCodes.ok;
}
