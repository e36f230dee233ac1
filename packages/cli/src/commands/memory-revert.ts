import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { scopeNamed } from "../memory/scope-name.ts";
import { wholeNumber, withConnection, withJson } from "../options.ts";
import { editsText } from "../print/memory-text.ts";
import type { Shell } from "../shell.ts";
import { connect, type MemoryOptions, scopeHelp } from "./memory-options.ts";
import { versionMax } from "./memory-show.ts";

const examples = `
Makes a new version with the entries of an old one; the versions between stay in the log, so this can be undone too.
Version 0 is before anything was noted: it empties the scope. What waits for review keeps waiting.

Examples:
  $ haversack memory diff repo-report 7 3              what going back from version 7 to 3 would change
  $ haversack memory revert repo-report 3

--json: {scope, version, changed, edits: [{entry, before?, after?}]}; version is that of the scope afterwards.`;

export function memoryRevertCommand(shell: Shell): Command {
  const command = new Command("revert")
    .description("go back to the entries of an earlier version")
    .argument("<scope>", scopeHelp)
    .argument("<version>", "as `haversack memory log` lists it", wholeNumber(0, versionMax));
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(
      shell.does((name: string, version: number, options: MemoryOptions) =>
        revert(name, version, options, shell),
      ),
    );
}

async function revert(name: string, wanted: number, options: MemoryOptions, shell: Shell): Promise<ExitCode> {
  const { stopping } = shell.outside;
  const scope = scopeNamed(name);
  const client = await connect(options, shell);
  const before = await client.memory(scope, undefined, stopping);
  const version = await client.revertMemory(scope, wanted, stopping);
  const [made] = await client.memoryVersions({ scope, before: version + 1, pageSize: 1 }, stopping);
  // A step may have written since `before` was read: the version is ours only when it says so.
  const { cause, edits = [] } = version === before.version ? {} : (made ?? {});
  const changed = cause?.kind === "revert" && cause.version === wanted;
  if (options.json === true) shell.json({ scope, version, changed, edits: changed ? edits : [] });
  else if (!changed)
    shell.out(
      `nothing differs: ${scope} stays at version ${version}, with the entries of version ${wanted}\n`,
    );
  else {
    shell.out(
      `${scope} is at version ${version}, with the entries of version ${wanted}:\n${editsText(edits, shell.paint)}`,
    );
  }
  return exitCodes.ok;
}
