import { faultOf } from "@haversack/base";
import type { HaversackClient, KeptSnapshot } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { usage, withConnection, withJson } from "../options.ts";
import { keptJson } from "../print/json.ts";
import { bytes, moment } from "../print/moment.ts";
import { printable } from "../print/printable.ts";
import { table } from "../print/table.ts";
import type { Shell } from "../shell.ts";
import { connect, type SnapshotOptions, storedName } from "./snapshot-source.ts";

interface KeepOptions extends SnapshotOptions {
  readonly note?: string;
  readonly list?: boolean;
  readonly remove?: string;
}

const examples = `
NAME is a digest (sha256:…) or RUN/STEP. A run is forgotten some time after its end (\`haversack coordinator
--retention\`), and a snapshot that no run names any more is collected a day later, unless it is kept.

Examples:
  $ haversack snapshot keep latest/report --note "release 2.1"
  $ haversack snapshot keep --list
  $ haversack snapshot keep --remove sha256:9f2c…

--json: {digest, name}; with --list {kept: [{digest, name, note, keptAt, compressedSize}]}`;

export function keepCommand(shell: Shell): Command {
  const command = new Command("keep")
    .description("keep a snapshot when its runs are forgotten")
    .argument("[name]", "digest or RUN/STEP")
    .option("--note <text>", "what it is kept for")
    .option("--list", "show those that are kept")
    .option("--remove <name>", "keep this one no longer");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string | undefined, options: KeepOptions) => keepOrList(name, options, shell)));
}

async function keepOrList(name: string | undefined, options: KeepOptions, shell: Shell): Promise<ExitCode> {
  const { list, remove, note } = options;
  const asked = [name, list, remove].filter((each) => each !== undefined).length;
  if (asked !== 1) throw usage("expected one of a NAME to keep, --list, or --remove NAME");
  if (note !== undefined && name === undefined) throw usage("--note belongs to a NAME to keep");
  const client = await connect(options, shell);
  if (name !== undefined) return await keep(name, client, options, shell);
  if (remove !== undefined) return await unkeep(remove, client, options, shell);
  return await listKept(client, options, shell);
}

async function keep(
  name: string,
  client: HaversackClient,
  { json, note = "" }: KeepOptions,
  shell: Shell,
): Promise<ExitCode> {
  const full = await storedName(name, client, shell);
  const digest = await client.keepSnapshot(full, note, shell.outside.stopping);
  if (json === true) shell.json({ digest, name: full });
  else shell.out(`kept ${digest}\n`);
  return exitCodes.ok;
}

async function unkeep(
  name: string,
  client: HaversackClient,
  { json }: KeepOptions,
  shell: Shell,
): Promise<ExitCode> {
  const full = await storedName(name, client, shell).catch((error: unknown) => {
    // Its run may be forgotten by now; the pack is kept by the name of then.
    if (faultOf(error) === "missing") return name;
    throw error;
  });
  await client.unkeepSnapshot(full, shell.outside.stopping);
  if (json === true) shell.json({ name: full });
  else shell.out(`${printable(full)} is kept no longer: it goes when no run names it\n`);
  return exitCodes.ok;
}

async function listKept(client: HaversackClient, { json }: KeepOptions, shell: Shell): Promise<ExitCode> {
  const kept = await client.keptSnapshots(shell.outside.stopping);
  if (json === true) shell.json({ kept: kept.map(keptJson) });
  else if (kept.length === 0) shell.note("no snapshot is kept");
  else
    shell.out(
      table(
        ["KEPT", "SIZE", "NAME", "NOTE", "DIGEST"],
        kept.map((each) => row(each, shell)),
      ),
    );
  return exitCodes.ok;
}

function row({ keptAt, compressedSize, name, note, digest }: KeptSnapshot, { paint }: Shell): string[] {
  const shown = name === digest ? "" : printable(name);
  return [moment(keptAt), bytes(compressedSize), shown, printable(note), paint.faint(digest)];
}
