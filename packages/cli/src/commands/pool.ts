/** `haversack pool`: supplies that steps share, such as the licences of a program. */

import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { wholeNumber, withConnection, withJson } from "../options.ts";
import { table } from "../print/table.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";

const unitsMax = 1_000_000;

const help = `
A step takes units of a pool while it is in flight (\`concurrency: { pool: licences, units: 2 }\`), over all runs and
coordinators. A pool is there before the DAGs that name it.

Examples:
  $ haversack pool set licences --limit 5
  $ haversack pool list
  $ haversack pool delete licences`;

export function poolCommand(shell: Shell): Command {
  return new Command("pool")
    .description("supplies that steps share: set, list, delete")
    .addHelpText("after", help)
    .addCommand(setCommand(shell))
    .addCommand(listCommand(shell))
    .addCommand(deleteCommand(shell));
}

interface SetOptions extends DagOptions {
  readonly limit: number;
}

function setCommand(shell: Shell): Command {
  const command = new Command("set")
    .description("make a pool, or change its limit")
    .argument("<name>", "lower-case letters and digits, joined by single hyphens")
    .addOption(
      new Option("--limit <n>", "units there are; 0 lets nothing start")
        .argParser(wholeNumber(0, unitsMax))
        .makeOptionMandatory(),
    );
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
What holds units goes on when the limit is lowered; nothing new starts until there is room.

Examples:
  $ haversack pool set licences --limit 5
  $ haversack pool set licences --limit 0

--json: {name, limit, inUse, created}`,
    )
    .action(shell.does((name: string, options: SetOptions) => set(name, options, shell)));
}

async function set(name: string, options: SetOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const { pool, created } = await client.setPool(name, options.limit, shell.outside.stopping);
  if (options.json === true) shell.json({ ...pool, created });
  else shell.out(`pool ${pool.name} has ${pool.limit} units, ${pool.inUse} in use\n`);
  return exitCodes.ok;
}

function listCommand(shell: Shell): Command {
  const command = new Command("list").description("pools, their units, and how many are in use");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Examples:
  $ haversack pool list
  $ haversack pool list --json | jq '.pools[] | select(.inUse >= .limit) | .name'

--json: {pools: [{name, limit, inUse}]}`,
    )
    .action(shell.does((options: DagOptions) => list(options, shell)));
}

async function list(options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const pools = await client.pools(shell.outside.stopping);
  if (options.json === true) shell.json({ pools });
  else if (pools.length === 0) shell.note("there are no pools: haversack pool set NAME --limit N");
  else shell.out(table(["NAME", "LIMIT", "IN USE"], pools.map(poolRow)));
  return exitCodes.ok;
}

const poolRow = ({ name, limit, inUse }: { name: string; limit: number; inUse: number }): string[] => [
  name,
  String(limit),
  String(inUse),
];

function deleteCommand(shell: Shell): Command {
  const command = new Command("delete")
    .description("remove a pool that no unfinished step names")
    .argument("<name>", "as `pool list` shows it");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Examples:
  $ haversack pool delete licences

--json: {name}`,
    )
    .action(shell.does((name: string, options: DagOptions) => remove(name, options, shell)));
}

async function remove(name: string, options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  await client.deletePool(name, shell.outside.stopping);
  if (options.json === true) shell.json({ name });
  else shell.out(`pool ${name} is deleted\n`);
  return exitCodes.ok;
}
