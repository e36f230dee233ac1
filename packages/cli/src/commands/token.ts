/** `haversack token`: what people, programs and workers show to be let in. */

import { type ApiToken, type HaversackClient, type TokenRole, tokenRoles } from "@haversack/protocol";
import { Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { duration, usage, withConnection, withJson } from "../options.ts";
import { tokenJson, tokenState, tokenTable } from "../print/access-text.ts";
import { moment } from "../print/moment.ts";
import { printable } from "../print/printable.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";

const help = `
  viewer    reads; no environment variables of steps, no secrets
  operator  runs stored DAGs with declared parameters, cancels, retries, pauses, answers
  editor    changes what runs: DAGs of their own, memory. That is to run code on the workers
  admin     everything, tokens and the audit log included
  worker    is a worker, and nothing else
  metrics   reads metrics, and nothing else

The coordinator keeps a hash and never the token. admin.token and worker.token of its data folder stay valid.

Examples:
  $ haversack token create --role operator --name alice --expires 30d
  $ haversack token list
  $ haversack token revoke 0a1b2c3d4e5f`;

export function tokenCommand(shell: Shell): Command {
  return new Command("token")
    .description("who may do what: create, list, revoke tokens")
    .addHelpText("after", help)
    .addCommand(createCommand(shell))
    .addCommand(listCommand(shell))
    .addCommand(revokeCommand(shell));
}

interface CreateOptions extends DagOptions {
  readonly role: TokenRole;
  readonly name: string;
  readonly expires?: number;
}

function createCommand(shell: Shell): Command {
  const command = new Command("create")
    .description("make a token; it is printed once and cannot be shown again")
    .addOption(new Option("--role <role>", "what it may do").choices(tokenRoles).makeOptionMandatory())
    .requiredOption("--name <name>", "whose it is: recorded with all they do, and compared with `approvers`")
    .addOption(
      new Option("--expires <duration>", "how long it is valid (default: 90d, at most 365d)").argParser(
        duration,
      ),
    );
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Standard output is the token alone, so that it can go into a file that only its owner reads.

Examples:
  $ (umask 077; haversack token create --role operator --name alice > alice.token)
  $ haversack runs --token-file alice.token
  $ haversack token create --role worker --name gpu-1 --expires 365d --json | jq -r .secret

--json: {id, name, role, createdAt, createdBy, expiresAt, secret}`,
    )
    .action(shell.does((options: CreateOptions) => create(options, shell)));
}

async function create(options: CreateOptions, shell: Shell): Promise<ExitCode> {
  const { name, role, expires = 0 } = options;
  if (options.expires !== undefined && expires < 1000)
    throw usage("--expires: a token is valid for 1s at least");
  const client = await connect(options, shell);
  const lifetimeSeconds = Math.round(expires / 1000);
  const { token, secret } = await client.createToken({ name, role, lifetimeSeconds }, shell.outside.stopping);
  if (options.json === true) {
    shell.json({ ...tokenJson(token), secret });
    return exitCodes.ok;
  }
  shell.out(`${secret}\n`);
  shell.note(
    `${token.role} token ${token.id} of ${printable(token.name)}, valid until ${moment(token.expiresAt)}; it is not shown again`,
  );
  return exitCodes.ok;
}

function listCommand(shell: Shell): Command {
  const command = new Command("list").description("tokens, newest first; never themselves");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Examples:
  $ haversack token list
  $ haversack token list --json | jq -r '.tokens[] | select(.state == "valid") | .id'

--json: {tokens: [{id, name, role, state, createdAt, createdBy, expiresAt, lastUsedAt, revokedAt}]}
  state: "valid", "expired" or "revoked"`,
    )
    .action(shell.does((options: DagOptions) => list(options, shell)));
}

async function list(options: DagOptions, shell: Shell): Promise<ExitCode> {
  const { stopping, clock } = shell.outside;
  const tokens = await allTokens(await connect(options, shell), stopping);
  const now = clock.now();
  const told = tokens.map((token) => ({ ...tokenJson(token), state: tokenState(token, now) }));
  if (options.json === true) shell.json({ tokens: told });
  else if (tokens.length === 0)
    shell.note("there are no tokens: haversack token create --role ROLE --name NAME");
  else shell.out(tokenTable(tokens, now, shell.paint));
  return exitCodes.ok;
}

async function allTokens(client: HaversackClient, signal: AbortSignal): Promise<readonly ApiToken[]> {
  const all: ApiToken[] = [];
  let pageToken = "";
  do {
    const page = await client.tokens({ pageSize: 500, pageToken }, signal);
    all.push(...page.tokens);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return all;
}

function revokeCommand(shell: Shell): Command {
  const command = new Command("revoke")
    .description("refuse a token from now on")
    .argument("<id>", "as `token list` shows it");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
The coordinator that is asked refuses it at once, others on the same database within a second; streams that it opened end
within a few seconds. Runs that it started go on.

Examples:
  $ haversack token revoke 0a1b2c3d4e5f

--json: {id, changed}`,
    )
    .action(shell.does((id: string, options: DagOptions) => revoke(id, options, shell)));
}

async function revoke(id: string, options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const changed = await client.revokeToken(id, shell.outside.stopping);
  if (options.json === true) shell.json({ id, changed });
  else shell.out(changed ? `token ${id} is revoked\n` : `token ${id} was revoked before\n`);
  return exitCodes.ok;
}
