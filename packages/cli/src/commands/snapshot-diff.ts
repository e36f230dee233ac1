import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection, withJson } from "../options.ts";
import type { Shell } from "../shell.ts";
import { diffText } from "./snapshot-diff-text.ts";
import { readPack, type SnapshotOptions } from "./snapshot-source.ts";

const examples = `
A and B are files, digests (sha256:…) or RUN/STEP. Both are opened as a worker opens them.
The exit code is 0 whether they differ or not; a script asks for \`equal\`.

Examples:
  $ haversack snapshot diff 01a1fd9b/report latest/report     what changed since that run
  $ haversack snapshot diff old.snapshot new.snapshot --json | jq -e .equal

--json: {equal, before, after, parts: [{section, id, change, values: [{path, before?, after?}],
  texts: [{path, change, mode?: {before, after}, binary, lines}]}]}
  change is added, removed or changed; before and after at the top are digests; lines are hunks of a unified diff.`;

export function diffCommand(shell: Shell): Command {
  const command = new Command("diff")
    .description("what is different between two snapshots")
    .argument("<a>", "file, digest or RUN/STEP")
    .argument("<b>", "file, digest or RUN/STEP");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((a: string, b: string, options: SnapshotOptions) => diff([a, b], options, shell)));
}

async function diff(
  [a, b]: readonly [string, string],
  options: SnapshotOptions,
  shell: Shell,
): Promise<ExitCode> {
  const { pack: before } = await readPack(a, options, shell);
  const { pack: after } = await readPack(b, options, shell);
  const { diffSnapshots } = await import("@haversack/snapshot");
  const parts = diffSnapshots(before.content, after.content);
  const heads = { before: before.name, after: after.name };
  if (options.json === true) shell.json({ equal: before.name === after.name, ...heads, parts });
  else shell.out(diffText(heads, parts, shell.paint));
  return exitCodes.ok;
}
