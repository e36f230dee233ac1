import type { MemoryEdit, MemoryScopeName } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { changeKind, changesBetween } from "../memory/changes.ts";
import { scopeNamed } from "../memory/scope-name.ts";
import { wholeNumber, withConnection, withJson } from "../options.ts";
import { editsText } from "../print/memory-text.ts";
import type { Shell } from "../shell.ts";
import { connect, type MemoryOptions, scopeHelp, stateAt } from "./memory-options.ts";
import { versionMax } from "./memory-show.ts";

interface Asked {
  readonly scope: MemoryScopeName;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

const examples = `
FROM and TO are versions; 0 is before anything was noted. The exit code is 0 whether they differ or not.
+ is an entry that came, - one that went, ~ one whose text changed.

Examples:
  $ haversack memory diff repo-report                  what the newest version changed
  $ haversack memory diff repo-report 3                what changed since version 3
  $ haversack memory diff repo-report 3 7 --json | jq '.changes[].change'

--json: {scope, from, to, equal, changes: [{entry, change, before?, after?}]}; change is added, removed or changed.`;

export function memoryDiffCommand(shell: Shell): Command {
  const version = wholeNumber(0, versionMax);
  const command = new Command("diff")
    .description("what is different between two versions of a scope")
    .argument("<scope>", scopeHelp)
    .argument("[from]", "a version (default: the one before TO)", version)
    .argument("[to]", "a version (default: the newest)", version);
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(
      shell.does((name: string, from: number | undefined, to: number | undefined, options: MemoryOptions) =>
        diff({ scope: scopeNamed(name), from, to }, options, shell),
      ),
    );
}

async function diff({ scope, from, to }: Asked, options: MemoryOptions, shell: Shell): Promise<ExitCode> {
  const { stopping } = shell.outside;
  const client = await connect(options, shell);
  const after =
    to === undefined
      ? await client.memory(scope, undefined, stopping)
      : await stateAt(client, scope, to, stopping);
  const before = await stateAt(client, scope, from ?? Math.max(0, after.version - 1), stopping);
  const changes = changesBetween(before.entries, after.entries);
  const ends = { from: before.version, to: after.version };
  if (options.json === true) {
    shell.json({ scope, ...ends, equal: changes.length === 0, changes: changes.map(changeJson) });
  } else if (changes.length === 0) {
    shell.out(`equal: ${scope} has the same entries at version ${ends.from} and at version ${ends.to}\n`);
  } else {
    const { paint } = shell;
    const head = `--- ${scope} version ${ends.from}\n+++ ${scope} version ${ends.to}`;
    shell.out(`${paint.faint(head)}\n${editsText(changes, paint)}`);
  }
  return exitCodes.ok;
}

const changeJson = (edit: MemoryEdit): object => ({ ...edit, change: changeKind(edit) });
