import { lstat, mkdir, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FaultError, systemCodeOf } from "@haversack/base";
import type { SnapshotLimits } from "@haversack/snapshot";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection, withJson } from "../options.ts";
import { printable } from "../print/printable.ts";
import type { Shell } from "../shell.ts";
import { type ReadPack, readPack, type SnapshotOptions, snapshotLimits } from "./snapshot-source.ts";

interface ExtractOptions extends SnapshotOptions {
  readonly output: string;
}

const examples = `
Writes the files of the skills as a worker does: DIR/SKILL/PATH, modes 0644 and 0755. DIR must not be there yet: nothing
is ever written over. Settings, models, souls and memory are no files; \`inspect\` lists them.

Examples:
  $ haversack snapshot extract report.snapshot -o skills
  $ haversack snapshot extract latest/report -o skills --json | jq -r '.files[].path'

--json: {digest, folder, files: [{path, mode}]}; path is SKILL/PATH`;

export function extractCommand(shell: Shell): Command {
  const command = new Command("extract")
    .description("write the files of a snapshot's skills into a fresh folder")
    .argument("<name>", "file, digest or RUN/STEP")
    .requiredOption("-o, --output <dir>", "the folder, which is made");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string, options: ExtractOptions) => extract(name, options, shell)));
}

async function extract(name: string, options: ExtractOptions, shell: Shell): Promise<ExitCode> {
  const folder = resolve(shell.outside.cwd, options.output);
  await refuseExisting(folder, options.output);
  const read = await readPack(name, options, shell);
  const files = await write(read, folder, options.output, await snapshotLimits(shell));
  if (options.json === true) {
    shell.json({ digest: read.pack.name, folder, files });
    return exitCodes.ok;
  }
  for (const { path, mode } of files) shell.out(`${mode}  ${printable(path)}\n`);
  shell.note(
    `wrote ${files.length} files of ${read.pack.content.skills.length} skills into ${options.output}`,
  );
  return exitCodes.ok;
}

async function refuseExisting(folder: string, shown: string): Promise<void> {
  try {
    await lstat(folder);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return;
    throw unusable(shown, error);
  }
  throw exists(shown);
}

/** All files, or no folder. */
async function write({ bytes, pack }: ReadPack, folder: string, shown: string, limits: SnapshotLimits) {
  const { openSnapshot, writeSkills } = await import("@haversack/snapshot");
  const stores = openSnapshot(bytes, pack, limits);
  await mkdir(dirname(folder), { recursive: true }).catch((error: unknown) => {
    throw unusable(shown, error);
  });
  try {
    await writeSkills(stores, folder);
  } catch (error) {
    // Somebody else was faster: what stands there is not ours to remove.
    if (systemCodeOf(error) === "EEXIST") throw exists(shown);
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return pack.content.skills.flatMap((skill) =>
    skill.files.map(({ path, mode }) => ({ path: `${skill.name}/${path}`, mode })),
  );
}

function exists(shown: string): FaultError {
  return new FaultError("conflict", "folder_exists", `${shown} is there already; nothing is written over`);
}

function unusable(shown: string, cause: unknown): FaultError {
  const why = systemCodeOf(cause) ?? "unknown";
  return new FaultError("invalid", "bad_folder", `${shown} cannot be made: ${why}`, { cause });
}
