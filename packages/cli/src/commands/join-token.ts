/** `haversack join-token`: what lets a worker on another machine join. */

import { formatDuration } from "@haversack/base";
import type { JoinTokenInfo } from "@haversack/protocol";
import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { collectPair, duration, given, wholeNumber, withConnection, withJson } from "../options.ts";
import { moment } from "../print/moment.ts";
import { printable } from "../print/printable.ts";
import { table } from "../print/table.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";

const usesMax = 10_000;
const ttlDefaultMs = 10 * 60_000;

const help = `
A join token lets one worker join (or --uses N), until it is used or its time is over. It holds the fingerprint of the
cluster's certificate authority, so the worker tells it to nobody else. Give it to the worker in HAVERSACK_JOIN_TOKEN or in a
file with mode 0600 (--join-file): in an argument everyone on that machine sees it.

Examples:
  $ haversack join-token create --pool gpu --label zone=a
  $ HAVERSACK_JOIN_TOKEN=hj1_... haversack worker --coordinator https://ci.example:7420
  $ haversack join-token list
  $ haversack join-token delete 0123456789abcdef`;

export function joinTokenCommand(shell: Shell): Command {
  return new Command("join-token")
    .description("what lets a worker on another machine join: create, list, delete")
    .addHelpText("after", help)
    .addCommand(createCommand(shell))
    .addCommand(listCommand(shell))
    .addCommand(deleteCommand(shell));
}

interface CreateOptions extends DagOptions {
  readonly pool?: string;
  readonly label?: ReadonlyMap<string, string>;
  readonly ttl: number;
  readonly uses: number;
}

function createCommand(shell: Shell): Command {
  const command = new Command("create")
    .description("make a join token; it is printed once")
    .option("--pool <name>", "label `pool` of the workers that join with it")
    .option("--label <name=value>", "a label that they have whatever they say; several times", collectPair)
    .addOption(
      new Option("--ttl <duration>", "how long it may be used, at most 30d")
        .argParser(duration)
        .default(ttlDefaultMs, formatDuration(ttlDefaultMs)),
    )
    .addOption(
      new Option("--uses <n>", "how many workers may join with it")
        .argParser(wholeNumber(1, usesMax))
        .default(1),
    );
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", "\n--json: {token, id, pool, labels, usesLeft, createdBy, createdAt, expiresAt}")
    .action(shell.does((options: CreateOptions) => create(options, shell)));
}

async function create(options: CreateOptions, shell: Shell): Promise<ExitCode> {
  const { pool, label, ttl: ttlMs, uses } = options;
  const asked = { labels: Object.fromEntries(label ?? []), ttlMs, uses, ...given({ pool }) };
  const client = await connect(options, shell);
  const { token, info } = await client.createJoinToken(asked, shell.outside.stopping);
  if (options.json === true) {
    shell.json({ token, ...infoJson(info) });
    return exitCodes.ok;
  }
  shell.out(`${token}\n`);
  const workers = uses === 1 ? "one worker" : `${uses} workers`;
  shell.note(`for ${workers}, until ${moment(info.expiresAt)}; on the worker's machine:`);
  shell.note("  HAVERSACK_JOIN_TOKEN=... haversack worker --coordinator https://HOST:PORT");
  return exitCodes.ok;
}

function listCommand(shell: Shell): Command {
  const command = new Command("list").description("tokens that still let somebody join");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      "\n--json: {joinTokens: [{id, pool, labels, usesLeft, createdBy, createdAt, expiresAt}]}",
    )
    .action(shell.does((options: DagOptions) => list(options, shell)));
}

async function list(options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const tokens = await client.joinTokens(shell.outside.stopping);
  if (options.json === true) shell.json({ joinTokens: tokens.map(infoJson) });
  else if (tokens.length === 0) shell.note("there are no join tokens: haversack join-token create");
  else shell.out(table(["ID", "POOL", "LABELS", "USES LEFT", "EXPIRES", "CREATED BY"], tokens.map(row)));
  return exitCodes.ok;
}

const row = ({ id, pool, labels, usesLeft, expiresAt, createdBy }: JoinTokenInfo): string[] => [
  id,
  printable(pool ?? ""),
  Object.entries(labels)
    .map(([name, value]) => printable(`${name}=${value}`))
    .join(" "),
  String(usesLeft),
  moment(expiresAt),
  printable(createdBy),
];

const infoJson = (info: JoinTokenInfo): object => ({
  ...info,
  createdAt: new Date(info.createdAt).toISOString(),
  expiresAt: new Date(info.expiresAt).toISOString(),
});

function deleteCommand(shell: Shell): Command {
  const command = new Command("delete")
    .description("nobody joins with it any more; who has joined stays")
    .argument("<id>", "as `join-token list` shows it");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", "\n--json: {id}")
    .action(shell.does((id: string, options: DagOptions) => remove(id, options, shell)));
}

async function remove(id: string, options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  await client.deleteJoinToken(id, shell.outside.stopping);
  if (options.json === true) shell.json({ id });
  else shell.out(`join token ${id} is deleted\n`);
  return exitCodes.ok;
}
