import type { WorkerInfo } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { given, withConnection, withJson } from "../options.ts";
import { workerJson } from "../print/json.ts";
import { moment } from "../print/moment.ts";
import type { Paint } from "../print/paint.ts";
import { printable } from "../print/printable.ts";
import { table } from "../print/table.ts";
import type { Shell } from "../shell.ts";

interface WorkersOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

const examples = `
Examples:
  $ haversack workers
  $ haversack workers --json | jq '[.workers[] | select(.connected) | .slots] | add'

--json: {workers: [{id, name, connected, version, labels, slots, slotsUsed, connectedAt, lastSeenAt}]}`;

export function workersCommand(shell: Shell): Command {
  return withConnection(withJson(new Command("workers").description("list the fleet"), "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((options: WorkersOptions) => workers(options, shell)));
}

async function workers(options: WorkersOptions, shell: Shell): Promise<ExitCode> {
  const { url, token, data } = options;
  const client = await shell.connect(given({ url, token, data }));
  const list = await client.workers(shell.outside.stopping);
  if (options.json === true) shell.json({ workers: list.map(workerJson) });
  else if (list.length === 0) shell.note("no worker has ever connected: start one with `haversack worker`");
  else shell.out(workerTable(list, shell.paint));
  return exitCodes.ok;
}

function workerTable(list: readonly WorkerInfo[], paint: Paint): string {
  const rows = list.map((worker) => [
    printable(worker.name),
    worker.connected ? paint.good("connected") : paint.bad("away"),
    `${worker.slotsUsed}/${worker.slots}`,
    moment(worker.lastSeenAt),
    worker.version,
    [...worker.labels].map(([name, value]) => printable(`${name}=${value}`)).join(" "),
    paint.faint(worker.id),
  ]);
  return table(["NAME", "STATE", "SLOTS", "LAST SEEN", "VERSION", "LABELS", "ID"], rows);
}
