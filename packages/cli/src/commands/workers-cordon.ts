/** `haversack workers cordon` and `uncordon`. */

import type { WorkerInfo } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection, withJson } from "../options.ts";
import { workerJson } from "../print/json.ts";
import { printable } from "../print/printable.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";

export const workerHelp = "its name, or its id where several have the name";

export interface ReasonOptions extends DagOptions {
  readonly reason?: string;
}

export function cordonCommand(shell: Shell): Command {
  const command = new Command("cordon")
    .description("give a worker nothing new; what it has goes on")
    .argument("<worker>", workerHelp)
    .option("--reason <text>", "for whoever looks later");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
It lasts over restarts of the worker and of the coordinator, until \`haversack workers uncordon\`.

Examples:
  $ haversack workers cordon gpu-1 --reason "new driver"

--json: {worker: {…}} as \`haversack workers --json\``,
    )
    .action(shell.does((worker: string, options: ReasonOptions) => cordon(worker, options, shell)));
}

async function cordon(name: string, options: ReasonOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const worker = await client.cordonWorker(name, options.reason ?? "", shell.outside.stopping);
  const has = worker.slotsUsed === 0 ? "nothing runs there" : `what it has goes on (${slots(worker)})`;
  return tell(worker, `${printable(worker.name)} gets nothing new; ${has}`, options, shell);
}

export function uncordonCommand(shell: Shell): Command {
  const command = new Command("uncordon")
    .description("end a cordon or a drain")
    .argument("<worker>", workerHelp);
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Examples:
  $ haversack workers uncordon gpu-1

--json: {worker: {…}} as \`haversack workers --json\``,
    )
    .action(shell.does((worker: string, options: DagOptions) => uncordon(worker, options, shell)));
}

async function uncordon(name: string, options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const worker = await client.uncordonWorker(name, shell.outside.stopping);
  const when = worker.connected ? "gets steps again" : "gets steps again once it is connected";
  return tell(worker, `${printable(worker.name)} ${when}`, options, shell);
}

export const slots = ({ slotsUsed }: WorkerInfo): string =>
  slotsUsed === 1 ? "1 step" : `${slotsUsed} steps`;

export function tell(worker: WorkerInfo, text: string, { json }: DagOptions, shell: Shell): ExitCode {
  if (json === true) shell.json({ worker: workerJson(worker) });
  else shell.out(`${text}\n`);
  return exitCodes.ok;
}
