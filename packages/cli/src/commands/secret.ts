/** `haversack secret`: values that steps need and nobody reads. They go in by standard input, a file or a hidden prompt. */

import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { FaultError, messageOf } from "@haversack/base";
import { type SecretInfo, secretLimits, secretValueProblem } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { usage, withConnection, withJson } from "../options.ts";
import { moment } from "../print/moment.ts";
import { printable } from "../print/printable.ts";
import { table } from "../print/table.ts";
import type { Shell } from "../shell.ts";
import { connect, type DagOptions } from "./dag-options.ts";

const help = `
The coordinator keeps values sealed beside its database, never in it. There is no way to read one back: a step that names
it (\`secrets: [github-token]\`) gets it when it starts, and it is masked in whatever the step prints.

Examples:
  $ haversack secret set github-token < token.txt
  $ haversack secret list
  $ haversack secret remove github-token`;

export function secretCommand(shell: Shell): Command {
  return new Command("secret")
    .description("values that steps need and nobody reads: set, list, remove, rotate-key")
    .addHelpText("after", help)
    .addCommand(setCommand(shell))
    .addCommand(listCommand(shell))
    .addCommand(removeCommand(shell))
    .addCommand(rotateCommand(shell));
}

interface SetOptions extends DagOptions {
  readonly fromFile?: string;
}

function setCommand(shell: Shell): Command {
  const command = new Command("set")
    .description("keep a value under a name, in the place of the one before")
    .argument("<name>", "lower-case letters and digits, joined by single hyphens")
    .option("--from-file <path>", "read the value from a file");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
The value comes from standard input, or is typed without being shown. It is never an argument: those can be seen by \`ps\`.
One line end at its end is left out. UTF-8 text, at most 64 KiB; encode anything else in base64.

Examples:
  $ haversack secret set github-token
  $ pass show github | haversack secret set github-token
  $ haversack secret set deploy-key --from-file ~/.ssh/deploy

--json: {name, version, setAt, setBy}`,
    )
    .action(shell.does((name: string, options: SetOptions) => set(name, options, shell)));
}

async function set(name: string, options: SetOptions, shell: Shell): Promise<ExitCode> {
  const value = withoutLineEnd(await valueOf(name, options, shell));
  const problem = secretValueProblem(value);
  if (problem !== undefined)
    throw new FaultError("invalid", "bad_secret", `the value cannot be kept: ${problem}`);
  const client = await connect(options, shell);
  const secret = await client.setSecret(name, value, shell.outside.stopping);
  if (options.json === true) shell.json(secretJson(secret));
  else shell.out(`secret ${secret.name} is set, version ${secret.version}\n`);
  return exitCodes.ok;
}

async function valueOf(name: string, { fromFile }: SetOptions, { outside }: Shell): Promise<Uint8Array> {
  const bytesMax = secretLimits.valueBytesMax + 2;
  if (fromFile !== undefined) return await fileStart(resolve(outside.cwd, fromFile), bytesMax);
  if (!outside.terminal.typed) return await outside.readInput(bytesMax);
  const typed = await outside.terminal.askHidden(
    `value of ${printable(name)} (not shown): `,
    outside.stopping,
  );
  if (typed === undefined) throw usage("the input ended before there was a value");
  return Buffer.from(typed);
}

/** At most one byte more than so many: a mistyped path may be a large file. */
async function fileStart(path: string, bytesMax: number): Promise<Uint8Array> {
  try {
    await using file = await open(path, "r");
    const { bytesRead, buffer } = await file.read(Buffer.alloc(bytesMax + 1), 0, bytesMax + 1, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw new FaultError("invalid", "unreadable_file", `cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function withoutLineEnd(bytes: Uint8Array): Uint8Array {
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0;
  return bytes.subarray(0, bytes.length - end);
}

function listCommand(shell: Shell): Command {
  const command = new Command("list").description(
    "names and versions, when they were set and by whom; never values",
  );
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Examples:
  $ haversack secret list
  $ haversack secret list --json | jq -r '.secrets[].name'

--json: {secrets: [{name, version, setAt, setBy}]}`,
    )
    .action(shell.does((options: DagOptions) => list(options, shell)));
}

async function list(options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const secrets = await client.secrets(shell.outside.stopping);
  if (options.json === true) shell.json({ secrets: secrets.map(secretJson) });
  else if (secrets.length === 0) shell.note("there are no secrets: haversack secret set NAME");
  else shell.out(table(["NAME", "VERSION", "SET", "BY"], secrets.map(secretRow)));
  return exitCodes.ok;
}

const secretRow = ({ name, version, setAt, setBy }: SecretInfo): string[] => [
  name,
  String(version),
  moment(setAt),
  setBy,
];

const secretJson = ({ setAt, ...secret }: SecretInfo) => ({
  ...secret,
  setAt: new Date(setAt).toISOString(),
});

function removeCommand(shell: Shell): Command {
  const command = new Command("remove")
    .description("forget a value; steps that still name it fail when they start")
    .argument("<name>", "as `secret list` shows it");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Examples:
  $ haversack secret remove github-token

--json: {name}`,
    )
    .action(shell.does((name: string, options: DagOptions) => remove(name, options, shell)));
}

async function remove(name: string, options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  await client.removeSecret(name, shell.outside.stopping);
  if (options.json === true) shell.json({ name });
  else shell.out(`secret ${name} is removed\n`);
  return exitCodes.ok;
}

function rotateCommand(shell: Shell): Command {
  const command = new Command("rotate-key").description("seal all secrets under a new master key");
  return withConnection(withJson(command, "JSON"))
    .addHelpText(
      "after",
      `
Values and versions stay. With HAVERSACK_VAULT_KEY_FILE the new key is the first line of that file, and the old one the
second, until this command has ended.

Examples:
  $ haversack secret rotate-key

--json: {keyId, resealed}`,
    )
    .action(shell.does((options: DagOptions) => rotate(options, shell)));
}

async function rotate(options: DagOptions, shell: Shell): Promise<ExitCode> {
  const client = await connect(options, shell);
  const { keyId, resealed } = await client.rotateVaultKey(shell.outside.stopping);
  if (options.json === true) shell.json({ keyId, resealed });
  else shell.out(`${resealed} files of the vault are sealed under the master key ${keyId}\n`);
  return exitCodes.ok;
}
