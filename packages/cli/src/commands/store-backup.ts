import { resolve } from "node:path";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { given, withJson } from "../options.ts";
import { backupText } from "../print/store-text.ts";
import type { Shell } from "../shell.ts";
import { dataDirOf, portsOf, type StoreOptions, storeOf, withDataFolder } from "./store-options.ts";

interface BackupOptions extends StoreOptions {
  readonly withTokens?: true;
  readonly blobs: boolean;
}

const examples = `
The backup is a new folder: both databases as of one moment each, the artifacts that they name, and a manifest with
versions, counts and digests. It is made while the coordinator runs, without stopping it, and is read back before it gets
its name. Tokens are left out: whoever has the backup would have the coordinator.

With --store the backup is of the PostgreSQL database, row by row as it was at one moment, in the same form; for a large one
rather use pg_dump, or a base backup and its log, and keep blobs/ with it.

Exit code 2: an artifact was missing or damaged already; the rest is in the backup.

Examples:
  $ haversack store backup                        into backups/<moment> of the data folder
  $ haversack store backup /mnt/nightly/$(date -I)
  $ haversack store backup --no-blobs             the databases alone

--json: {path, manifest: {madeAt, madeBy, generation, databases: [{path, size, sha256, schema, counts}], blobs: {count, bytes},
  files}, problems: [{digest, state}]}`;

export function storeBackupCommand(shell: Shell): Command {
  const command = new Command("backup")
    .description("a consistent copy, while the coordinator runs")
    .argument("[folder]", "where to: a folder that is not there yet")
    .option("--no-blobs", "without artifacts")
    .option("--with-tokens", "with admin.token and worker.token: keep it as secret as them");
  return withDataFolder(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((folder: string | undefined, options: BackupOptions) => run(folder, options, shell)));
}

async function run(folder: string | undefined, options: BackupOptions, shell: Shell): Promise<ExitCode> {
  const { outside } = shell;
  const { backUp } = await import("@haversack/coordinator");
  const asked = {
    dataDir: dataDirOf(options, shell),
    ...given({
      store: storeOf(options),
      to: folder === undefined ? undefined : resolve(outside.cwd, folder),
      withTokens: options.withTokens,
      withoutBlobs: options.blobs ? undefined : true,
    }),
  };
  const backup = await backUp(asked, portsOf(shell), outside.stopping);
  if (options.json === true) shell.json(backup);
  else shell.out(backupText(backup, shell.paint));
  return backup.problems.length === 0 ? exitCodes.ok : exitCodes.invalid;
}
