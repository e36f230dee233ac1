import { resolve } from "node:path";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { given, withJson } from "../options.ts";
import { putText, restoredText } from "../print/store-text.ts";
import type { Shell } from "../shell.ts";
import { dataDirOf, portsOf, type StoreOptions, storeOf, withDataFolder } from "./store-options.ts";

interface RestoreOptions extends StoreOptions {
  readonly replace?: true;
}

const examples = `
Checks the whole backup first. Refuses while a coordinator runs on the data folder, and when there is a database in it
already; --replace moves that one into backups/ of the data folder, nothing is deleted. The generation grows: workers may
go on running, and nothing that they did after the backup was made is accepted.

With --store it goes into an empty schema of PostgreSQL, whichever engine it was made of; artifacts go into the data folder.

Examples:
  $ haversack store restore .haversack/backups/2026-01-31T02-00-00-000Z --replace
  $ haversack store restore /mnt/nightly/2026-01-31 --data /var/lib/haversack

--json: {generation, aside, manifest: {…as backup}}`;

export function storeRestoreCommand(shell: Shell): Command {
  const command = new Command("restore")
    .description("puts a backup into a data folder")
    .argument("<folder>", "the backup")
    .option("--replace", "there may be a database already: it is set aside");
  return withDataFolder(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((folder: string, options: RestoreOptions) => run(folder, options, shell)));
}

async function run(folder: string, options: RestoreOptions, shell: Shell): Promise<ExitCode> {
  const { outside } = shell;
  const { restoreBackup, restoreIntoPostgres } = await import("@haversack/coordinator");
  const from = resolve(outside.cwd, folder);
  const dataDir = dataDirOf(options, shell);
  const store = storeOf(options);
  if (store !== undefined) {
    const restored = await restoreIntoPostgres({ from, dataDir, store }, outside.stopping);
    if (options.json === true) shell.json(restored);
    else shell.out(putText(restored, shell.paint));
    return exitCodes.ok;
  }
  const asked = { from, dataDir, ...given({ replace: options.replace }) };
  const restored = await restoreBackup(asked, portsOf(shell), outside.stopping);
  if (options.json === true) shell.json(restored);
  else shell.out(restoredText(restored, dataDir, shell.paint));
  return exitCodes.ok;
}
