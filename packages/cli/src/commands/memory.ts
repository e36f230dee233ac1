/** `haversack memory`: one file for each verb. Only what agents noted down; the files that people write are theirs. */

import { Command } from "commander";
import type { Shell } from "../shell.ts";
import { memoryDiffCommand } from "./memory-diff.ts";
import { memoryListCommand } from "./memory-list.ts";
import { memoryLogCommand } from "./memory-log.ts";
import { memoryRevertCommand } from "./memory-revert.ts";
import { memoryReviewCommand } from "./memory-review.ts";
import { memoryShowCommand } from "./memory-show.ts";

const verbs = [
  memoryShowCommand,
  memoryLogCommand,
  memoryDiffCommand,
  memoryReviewCommand,
  memoryRevertCommand,
];

const help = `
A scope is \`global\`, the name of a DAG, or \`dags/<name>\`. Each change makes a new version of its scope; none is lost.
What an agent may not write by itself waits for review. The files under agents/memory are yours and are not shown here.

Examples:
  $ haversack memory                                   what there is, and whether something waits
  $ haversack memory show repo-report                  the entries of a DAG's scope
  $ haversack memory log repo-report                   which run changed what
  $ haversack memory review                            what waits for you`;

export function memoryCommand(shell: Shell): Command {
  const command = new Command("memory")
    .description("what agents noted down: read it, review it, go back")
    .addHelpText("after", help)
    .addCommand(memoryListCommand(shell), { isDefault: true });
  for (const verb of verbs) command.addCommand(verb(shell));
  return command;
}
