/** `haversack workers revoke`: the end of a worker's rights. */

import { FaultError } from "@haversack/base";
import type { WorkerInfo } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection, withJson } from "../options.ts";
import { printable } from "../print/printable.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";

const help = `
At once and for ever: its session ends, its steps go to others, its certificate or credential counts for nothing and is not
renewed. To let the machine back in, remove the worker's data folder there and join it anew.

Examples:
  $ haversack workers revoke gpu-1
  $ haversack workers revoke 01a1fd9b-cfc2-737e-9ac4-81638674feab

--json: {id, leasesLost}`;

export function revokeCommand(shell: Shell): Command {
  const command = new Command("revoke")
    .description("end a worker's rights, at once and for ever")
    .argument("<worker>", "name or id, as `haversack workers` shows it");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", help)
    .action(shell.does((worker: string, options: DagOptions) => revoke(worker, options, shell)));
}

async function revoke(worker: string, options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const { stopping } = shell.outside;
  const id = idOf(worker, await client.workers(stopping));
  const leasesLost = await client.revokeWorker(id, stopping);
  if (options.json === true) shell.json({ id, leasesLost });
  else shell.out(`worker ${printable(worker)} is revoked; ${leasesLost} of its steps go to others\n`);
  return exitCodes.ok;
}

/** A name that several have is nobody's. What nobody has shown itself under may be the id of one that never connected. */
function idOf(worker: string, all: readonly WorkerInfo[]): string {
  if (all.some(({ id }) => id === worker)) return worker;
  const named = all.filter(({ name, revokedAt }) => name === worker && revokedAt === undefined);
  if (named.length <= 1) return named[0]?.id ?? worker;
  const message = `${named.length} workers are called ${worker}; name one by its id: ${named.map(({ id }) => id).join(", ")}`;
  throw new FaultError("invalid", "ambiguous_worker", message);
}
