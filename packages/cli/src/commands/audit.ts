/** `haversack audit`: who did what, and whether that can be believed. */

import type { AuditEntry, HaversackClient } from "@haversack/protocol";
import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { duration, given, wholeNumber, withConnection, withJson } from "../options.ts";
import { auditJson, auditTable } from "../print/access-text.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";
import { momentBefore, type Since, sinceOf } from "./moment-options.ts";

const limitDefault = 50;
const limitMax = 100_000;
const pageSizeMax = 500;

const help = `
The audit log has every call that changes something and every refusal: who, what, from where, when, and what came of it. It
is only added to, and each row carries the hash of the one before it.

Examples:
  $ haversack audit list --since 24h --who alice
  $ haversack audit verify`;

export function auditCommand(shell: Shell): Command {
  return new Command("audit")
    .description("who did what: list, verify, cut")
    .addHelpText("after", help)
    .addCommand(listCommand(shell))
    .addCommand(verifyCommand(shell))
    .addCommand(cutCommand(shell));
}

interface ListOptions extends DagOptions {
  readonly limit: number;
  readonly since?: Since;
  readonly who?: string;
}

function listCommand(shell: Shell): Command {
  const command = new Command("list")
    .description("the newest entries")
    .addOption(
      new Option("-n, --limit <n>", "at most this many")
        .default(limitDefault)
        .argParser(wholeNumber(1, limitMax)),
    )
    .addOption(
      new Option("--since <moment>", "from this moment on, or from so long ago: 24h").argParser(sinceOf),
    )
    .option("--who <caller>", "only of this name or id");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Many refusals alike within five minutes are two entries: the first, and how often they came again.

Examples:
  $ haversack audit list --since 24h
  $ haversack audit list --json | jq -r '.entries[] | select(.outcome != "ok") | .peer'

--json: {entries: [{no, at, caller: {kind, id, role, name}, method, target, peer, outcome, times, hash}]}, newest first`,
    )
    .action(shell.does((options: ListOptions) => list(options, shell)));
}

async function list(options: ListOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const { entries, hasMore } = await newest(client, options, shell);
  if (options.json === true) shell.json({ entries: entries.map(auditJson) });
  else if (entries.length === 0) shell.note("there are no such entries");
  else {
    shell.out(auditTable(entries.toReversed(), shell.paint));
    if (hasMore) shell.note(`there are older ones: --limit ${options.limit * 5}`);
  }
  return exitCodes.ok;
}

async function newest(
  client: HaversackClient,
  { limit, since: from, who }: ListOptions,
  { outside: { clock, stopping } }: Shell,
): Promise<{ entries: readonly AuditEntry[]; hasMore: boolean }> {
  const since = from === undefined ? undefined : momentBefore(from, clock.now());
  const entries: AuditEntry[] = [];
  let pageToken = "";
  do {
    const pageSize = Math.min(pageSizeMax, limit - entries.length);
    const page = await client.audit({ pageSize, pageToken, ...given({ since, who }) }, stopping);
    entries.push(...page.entries);
    pageToken = page.nextPageToken;
  } while (pageToken !== "" && entries.length < limit);
  return { entries, hasMore: pageToken !== "" };
}

function verifyCommand(shell: Shell): Command {
  const command = new Command("verify").description(
    "follow the chain of hashes, and tell the first row that breaks it",
  );
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Whoever can write into the database can make the whole chain anew. Note the last number and hash somewhere else: as long as
that row still has that hash, nothing before it was changed.

Exit code 2: the chain is broken.

Examples:
  $ haversack audit verify
  $ haversack audit verify --json | jq -r '"\\(.last) \\(.hash)"' >> /mnt/elsewhere/audit-heads

--json: {count, first, last, hash, broken: {no, problem}}`,
    )
    .action(shell.does((options: DagOptions) => verify(options, shell)));
}

async function verify(options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const check = await client.verifyAudit(shell.outside.stopping);
  const { count, first, last, hash, broken } = check;
  if (options.json === true) shell.json(check);
  else if (broken !== undefined)
    shell.out(`${shell.paint.bad("broken")} at row ${broken.no}: ${broken.problem}\n`);
  else if (count === 0) shell.out("the audit log is empty\n");
  else shell.out(`${count} rows, ${first} to ${last}, are one chain that ends with\n${hash}\n`);
  return broken === undefined ? exitCodes.ok : exitCodes.invalid;
}

interface CutOptions extends DagOptions {
  readonly olderThan: number;
}

function cutCommand(shell: Shell): Command {
  const command = new Command("cut")
    .description("remove the oldest entries; what is left can still be verified")
    .addOption(
      new Option("--older-than <duration>", "such as 400d").argParser(duration).makeOptionMandatory(),
    );
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Nothing removes entries by itself. What is left begins with the hash of the last that went, and with the entry of this cut
at its end. Save what you may need before: \`haversack audit list --json\`.

Examples:
  $ haversack audit cut --older-than 400d

--json: {removed}`,
    )
    .action(shell.does((options: CutOptions) => cut(options, shell)));
}

async function cut(options: CutOptions, shell: Shell): Promise<ExitCode> {
  const { clock, stopping } = shell.outside;
  const client = await connect(options, shell);
  const removed = await client.cutAudit(clock.now() - options.olderThan, stopping);
  if (options.json === true) shell.json({ removed });
  else shell.out(removed === 1 ? "1 entry was removed\n" : `${removed} entries were removed\n`);
  return exitCodes.ok;
}
