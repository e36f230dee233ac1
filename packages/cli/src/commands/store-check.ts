import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { given, withJson } from "../options.ts";
import { checkedText } from "../print/store-text.ts";
import type { Shell } from "../shell.ts";
import { dataDirOf, type StoreOptions, storeOf, withDataFolder } from "./store-options.ts";

interface CheckOptions extends StoreOptions {
  readonly quick?: true;
}

const examples = `
Asks the rows what every change of them must leave true: no step accepted twice, counters equal to what they count, events
without a gap, artifacts and snapshots whole. In one reading transaction, so that a coordinator may run meanwhile. A backup is
checked the same way, with --data BACKUP. Nothing is mended: a fault is a bug or a damaged disk, and the way back is a backup.

Exit code 2: a fault was found.

Examples:
  $ haversack store check
  $ haversack store check --data /mnt/nightly/2026-01-31
  $ haversack store check --quick --json | jq '.checks[] | select(.ok | not)'

--json: {ok, checks: [{id, holds, ok, faults, more}]}`;

export function storeCheckCommand(shell: Shell): Command {
  const command = new Command("check")
    .description("whether what is kept is what it must be")
    .option("--quick", "without reading every artifact and snapshot");
  return withDataFolder(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((options: CheckOptions) => run(options, shell)));
}

async function run(options: CheckOptions, shell: Shell): Promise<ExitCode> {
  const { checkStore } = await import("@haversack/coordinator");
  const asked = {
    dataDir: dataDirOf(options, shell),
    ...given({ store: storeOf(options), quick: options.quick }),
  };
  const checks = await checkStore(asked, shell.outside.stopping);
  const ok = checks.every((check) => check.ok);
  if (options.json === true) shell.json({ ok, checks });
  else shell.out(checkedText(checks, shell.paint));
  return ok ? exitCodes.ok : exitCodes.invalid;
}
