/** `haversack store`: one file for each verb. They work on the data folder itself, not through a coordinator. */

import { Command } from "commander";
import type { Shell } from "../shell.ts";
import { storeBackupCommand } from "./store-backup.ts";
import { storeCheckCommand } from "./store-check.ts";
import { storeMigrateCommand } from "./store-migrate.ts";
import { storeRestoreCommand } from "./store-restore.ts";

const verbs = [storeBackupCommand, storeRestoreCommand, storeCheckCommand, storeMigrateCommand];

const help = `
These read and write the data folder of a coordinator (--data DIR), on the machine where it lies.

Examples:
  $ haversack store backup                             while the coordinator runs
  $ haversack store restore backups/2026-01-31 --data ./elsewhere
  $ haversack store check
  $ haversack store migrate --dry-run`;

export function storeCommand(shell: Shell): Command {
  const command = new Command("store")
    .description("back up, restore, check and migrate what a coordinator keeps")
    .addHelpText("after", help);
  for (const verb of verbs) command.addCommand(verb(shell));
  return command;
}
