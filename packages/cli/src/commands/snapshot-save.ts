import { resolve } from "node:path";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection } from "../options.ts";
import { saveWhole } from "../save-whole.ts";
import type { Shell } from "../shell.ts";
import { connect, type SnapshotOptions, storedName } from "./snapshot-source.ts";

const examples = `
Examples:
  $ haversack snapshot save latest/report report.snapshot`;

export function saveCommand(shell: Shell): Command {
  const command = new Command("save")
    .description("fetch a snapshot into a file")
    .argument("<name>", "digest or RUN/STEP")
    .argument("<file>", "where to write it");
  return withConnection(command)
    .addHelpText("after", examples)
    .action(
      shell.does((name: string, file: string, options: SnapshotOptions) =>
        saveSnapshot(name, file, options, shell),
      ),
    );
}

async function saveSnapshot(
  name: string,
  file: string,
  options: SnapshotOptions,
  shell: Shell,
): Promise<ExitCode> {
  const { stopping, cwd } = shell.outside;
  const client = await connect(options, shell);
  const chunks = client.snapshot(await storedName(name, client, shell), stopping);
  await saveWhole(chunks, resolve(cwd, file), stopping);
  shell.note(`wrote ${file}`);
  return exitCodes.ok;
}
