import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { given, usage, withJson } from "../options.ts";
import { migratedText, putText } from "../print/store-text.ts";
import type { Shell } from "../shell.ts";
import { dataDirOf, portsOf, type StoreOptions, storeOf, withDataFolder } from "./store-options.ts";

interface MigrateOptions extends StoreOptions {
  readonly dryRun?: true;
  readonly to?: string;
}

const examples = `
Brings the databases to the schema of this version, as a coordinator does when it starts: a backup first, into backups/ of the
data folder, of which the newest three are kept; then each step in a transaction of its own, so that a kill at any point
leaves a database that opens. There is no way back but that backup. A schema of a later version is refused.

With --to everything moves to PostgreSQL, while no coordinator runs: each table is read back and compared by the number of its
rows and a digest. Afterwards start the coordinator with --store; it does not start on the embedded database any more.
The password is better in PGPASSWORD than in the address, which whoever lists processes sees.

Examples:
  $ haversack store migrate --dry-run        the schema of each database, and what would be done
  $ haversack store migrate
  $ haversack store migrate --to postgres://haversack@db.example/haversack

--json: {dryRun, backup, databases: [{name, schema, due: [{version, name}]}]}; with --to {generation, tables: [{table, rows, digest}]}`;

export function storeMigrateCommand(shell: Shell): Command {
  const command = new Command("migrate")
    .description("brings the databases to the schema of this version")
    .option("--dry-run", "only tells")
    .option("--to <url>", "moves all of it from the embedded database to an empty one, postgres://…");
  return withDataFolder(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((options: MigrateOptions) => run(options, shell)));
}

async function run(options: MigrateOptions, shell: Shell): Promise<ExitCode> {
  const { to } = options;
  if (to !== undefined) return await move(to, options, shell);
  const { migrateStore } = await import("@haversack/coordinator");
  const dryRun = options.dryRun === true;
  const asked = { dataDir: dataDirOf(options, shell), dryRun, ...given({ store: storeOf(options) }) };
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

async function move(url: string, options: MigrateOptions, shell: Shell): Promise<ExitCode> {
  if (options.dryRun === true) throw usage("--to moves, and --dry-run only tells: name one of them");
  if (storeOf(options) !== undefined) throw usage("--to moves from the embedded database: leave --store out");
  const { moveToPostgres } = await import("@haversack/coordinator");
  const moved = await moveToPostgres({ dataDir: dataDirOf(options, shell), url }, shell.outside.stopping);
  if (options.json === true) shell.json(moved);
  else shell.out(putText(moved, shell.paint));
  return exitCodes.ok;
}
