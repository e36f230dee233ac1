import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withJson } from "../options.ts";
import { migratedText } from "../print/store-text.ts";
import type { Shell } from "../shell.ts";
import { dataDirOf, portsOf, refusePostgres, type StoreOptions, withDataFolder } from "./store-options.ts";

interface MigrateOptions extends StoreOptions {
  readonly dryRun?: true;
}

const examples = `
Brings the databases to the schema of this version, as a coordinator does when it starts: a backup first, into backups/ of the
data folder, of which the newest three are kept; then each step in a transaction of its own, so that a kill at any point
leaves a database that opens. There is no way back but that backup. A schema of a later version is refused.

Examples:
  $ haversack store migrate --dry-run        the schema of each database, and what would be done
  $ haversack store migrate

--json: {dryRun, backup, databases: [{name, schema, due: [{version, name}]}]}`;

export function storeMigrateCommand(shell: Shell): Command {
  const command = new Command("migrate")
    .description("brings the databases to the schema of this version")
    .option("--dry-run", "only tells");
  return withDataFolder(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((options: MigrateOptions) => run(options, shell)));
}

async function run(options: MigrateOptions, shell: Shell): Promise<ExitCode> {
  refusePostgres(
    options,
    "a migration",
    "a coordinator does it when it starts; have a backup of the server first",
  );
  const { migrateStore } = await import("@haversack/coordinator");
  const dryRun = options.dryRun === true;
  const asked = { dataDir: dataDirOf(options, shell), dryRun };
  const { databases, backup } = await migrateStore(asked, portsOf(shell), shell.outside.stopping);
  const told = databases.map(({ name, schema, due }) => ({
    name,
    schema,
    due: due.map((step) => ({ version: step.version, name: step.name })),
  }));
  if (options.json === true) shell.json({ dryRun, backup, databases: told });
  else
    shell.out(
      migratedText({ dryRun, databases: told, ...(backup === undefined ? {} : { backup }) }, shell.paint),
    );
  return exitCodes.ok;
}
