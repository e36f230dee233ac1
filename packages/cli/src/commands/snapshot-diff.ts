import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection, withJson } from "../options.ts";
import type { Shell } from "../shell.ts";
import { diffText } from "./snapshot-diff-text.ts";
import { readPack, type SnapshotOptions } from "./snapshot-source.ts";

interface DiffOptions extends SnapshotOptions {
  readonly exitCode?: boolean;
}

const examples = `
A and B are files, digests (sha256:…) or RUN/STEP. Both are opened as a worker opens them.
The exit code is 0 whether they differ or not. With --exit-code it is 0 when they are equal and 1 when they differ, as
with \`git diff\`; without it 1 stays what it is for every other command: a run that failed.

Examples:
  $ haversack snapshot diff 01a1fd9b/report latest/report     what changed since that run
  $ haversack snapshot diff old.snapshot new.snapshot --json | jq -e .equal
  $ haversack snapshot diff old.snapshot new.snapshot --exit-code > /dev/null && echo equal

--json: {equal, before, after, parts: [{section, id, change, values: [{path, before?, after?}],
  texts: [{path, change, mode?: {before, after}, binary, lines}]}]}
  change is added, removed or changed; before and after at the top are digests; lines are hunks of a unified diff.`;

export function diffCommand(shell: Shell): Command {
  const command = new Command("diff")
    .description("what is different between two snapshots")
    .argument("<a>", "file, digest or RUN/STEP")
    .argument("<b>", "file, digest or RUN/STEP")
    .option("--exit-code", "exit with 1 when they differ");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((a: string, b: string, options: DiffOptions) => diff([a, b], options, shell)));
}

async function diff(
  [a, b]: readonly [string, string],
  options: DiffOptions,
  shell: Shell,
): Promise<ExitCode> {
  const { pack: before } = await readPack(a, options, shell);
  const { pack: after } = await readPack(b, options, shell);
  const { diffSnapshots } = await import("@haversack/snapshot");
  const parts = diffSnapshots(before.content, after.content);
  const heads = { before: before.name, after: after.name };
  const equal = before.name === after.name;
  if (options.json === true) shell.json({ equal, ...heads, parts });
  else shell.out(diffText(heads, parts, shell.paint));
  return equal || options.exitCode !== true ? exitCodes.ok : exitCodes.different;
}
