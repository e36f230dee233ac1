/** `haversack snapshot`: one file for each verb; what a snapshot is named by is in `snapshot-source.ts`. */

import { Command } from "commander";
import type { Shell } from "../shell.ts";
import { buildCommand } from "./snapshot-build.ts";
import { diffCommand } from "./snapshot-diff.ts";
import { extractCommand } from "./snapshot-extract.ts";
import { inspectCommand } from "./snapshot-inspect.ts";
import { keepCommand } from "./snapshot-keep.ts";
import { saveCommand } from "./snapshot-save.ts";
import { schemaCommand } from "./snapshot-schema.ts";
import { verifyCommand } from "./snapshot-verify.ts";

const verbs = [
  buildCommand,
  inspectCommand,
  saveCommand,
  verifyCommand,
  extractCommand,
  diffCommand,
  keepCommand,
  schemaCommand,
];

export function snapshotCommand(shell: Shell): Command {
  const command = new Command("snapshot").description("look into what an agent step was given");
  for (const verb of verbs) command.addCommand(verb(shell));
  return command;
}
