import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { wholeNumber, withConnection, withJson } from "../options.ts";
import { scheduleJson } from "../print/json.ts";
import { schedulesText } from "../print/schedule-text.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";

interface ListOptions extends DagOptions {
  readonly ticks: number;
}

const examples = `
Of each schedule: its next times, whether it is paused and why, and what became of its last times: started, queued
(waits for the run of an earlier time), skipped (found one), missed (nobody looked in time) or failed (and why).
Times are those of this machine.

Examples:
  $ haversack schedule list
  $ haversack schedule list nightly --ticks 50
  $ haversack schedule list --json | jq '.schedules[] | select(.ticks[0].outcome == "failed")'

--json: {schedules: [{dagName, index, cron, timezone, catchUp, overlap, params, next, paused: {at, note}, queued,
  ticks: [{due, outcome, runId, detail, at}]}]}`;

export function scheduleListCommand(shell: Shell): Command {
  const command = new Command("list")
    .description("what comes next, and what became of the last times")
    .argument("[name]", "of a stored DAG; all when left out")
    .addOption(new Option("--ticks <n>", "past times of each").default(5).argParser(wholeNumber(1, 100)));
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string | undefined, options: ListOptions) => list(name, options, shell)));
}

async function list(name: string | undefined, options: ListOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const schedules = await client.schedules(name, options.ticks, shell.outside.stopping);
  if (options.json === true) shell.json({ schedules: schedules.map(scheduleJson) });
  else if (schedules.length === 0) shell.note("no stored DAG has a schedule: haversack dag put FILE");
  else shell.out(schedulesText(schedules, shell.paint));
  return exitCodes.ok;
}
