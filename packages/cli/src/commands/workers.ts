/** `haversack workers`: the fleet, and what an operator wants of it. */

import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection, withJson } from "../options.ts";
import { workerJson } from "../print/json.ts";
import { workerTable } from "../print/worker-table.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";
import { cordonCommand, uncordonCommand } from "./workers-cordon.ts";
import { drainCommand } from "./workers-drain.ts";
import { revokeCommand } from "./workers-revoke.ts";

const examples = `
Examples:
  $ haversack workers
  $ haversack workers --json | jq '[.workers[] | select(.connected) | .slots] | add'
  $ haversack workers drain gpu-1 --deadline 10m --wait
  $ haversack workers uncordon gpu-1
  $ haversack workers revoke gpu-1

--json: {workers: [{id, name, connected, version, labels, slots, slotsUsed, connectedAt, lastSeenAt, availability,
  cordonedAt, cordonReason, drainDeadline, stopping, certificateExpiresAt, revokedAt}]}; availability: open, cordoned, draining or drained`;

export function workersCommand(shell: Shell): Command {
  const command = new Command("workers")
    .description("list the fleet; cordon, uncordon, drain and revoke workers")
    // An option behind `drain` is its own.
    .enablePositionalOptions();
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((options: DagOptions) => workers(options, shell)))
    .addCommand(cordonCommand(shell))
    .addCommand(uncordonCommand(shell))
    .addCommand(drainCommand(shell))
    .addCommand(revokeCommand(shell));
}

async function workers(options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const list = await client.workers(shell.outside.stopping);
  if (options.json === true) shell.json({ workers: list.map(workerJson) });
  else if (list.length === 0) shell.note("no worker has ever connected: start one with `haversack worker`");
  else shell.out(workerTable(list, shell.paint));
  return exitCodes.ok;
}
