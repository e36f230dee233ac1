import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection, withJson } from "../options.ts";
import { backfilledJson } from "../print/json.ts";
import { backfilledText } from "../print/schedule-text.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions, oneSchedule, scheduleHelp } from "./dag-options.ts";
import { momentOf } from "./moment-options.ts";

interface BackfillOptions extends DagOptions {
  readonly from: number;
  readonly to?: number;
}

const examples = `
The runs that the schedule would have started in a range, at most 100 of them. A time that has its run gets no second one:
the same command again starts nothing. With \`overlap: queue\` they run one after the other, else all at once.
A MOMENT is a day (its beginning) or a time, in UTC unless it ends with an offset: 2026-01-31, 2026-01-31T06:00,
2026-01-31T06:00+01:00.

Examples:
  $ haversack schedule backfill nightly --from 2026-01-01 --to 2026-02-01
  $ haversack schedule backfill nightly/1 --from 2026-01-31T06:00

--json: {dagName, index, ticks: [{due, outcome, runId, detail, at, existed}]}`;

export function scheduleBackfillCommand(shell: Shell): Command {
  const command = new Command("backfill")
    .description("the runs that a range of the past would have had")
    .argument("<name>", scheduleHelp)
    .requiredOption("--from <moment>", "the first moment that counts", momentOf)
    .option("--to <moment>", "the last moment that counts (default: now)", momentOf);
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string, options: BackfillOptions) => backfill(name, options, shell)));
}

async function backfill(name: string, options: BackfillOptions, shell: Shell): Promise<ExitCode> {
  const { clock, stopping } = shell.outside;
  const client = await connect(options, shell);
  const schedule = await oneSchedule(client, name, shell);
  const range = { from: options.from, to: options.to ?? clock.now() };
  const ticks = await client.backfillSchedule(schedule, range, stopping);
  if (options.json === true) shell.json({ ...schedule, ticks: ticks.map(backfilledJson) });
  else if (ticks.length === 0) shell.note("the schedule has no time in that range");
  else shell.out(backfilledText(ticks, shell.paint));
  return exitCodes.ok;
}
