import { resolve } from "node:path";
import { digestOfBytes, parseDigest, type SnapshotReport } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection, withJson } from "../options.ts";
import { snapshotJson } from "../print/json.ts";
import { snapshotText } from "../print/snapshot-text.ts";
import { saveWhole } from "../save-whole.ts";
import type { Shell } from "../shell.ts";
import { diffCommand } from "./snapshot-diff.ts";
import { extractCommand } from "./snapshot-extract.ts";
import { connect, readIfFile, type SnapshotOptions, storedName } from "./snapshot-source.ts";
import { verifyCommand } from "./snapshot-verify.ts";

const inspectExamples = `
NAME is a file, a digest (sha256:…) or RUN/STEP. A file is read here and needs no coordinator.

Examples:
  $ haversack snapshot inspect latest/report
  $ haversack snapshot inspect ./report.snapshot --json | jq '.parts[].id'

--json: {formatVersion, digest, compressedSize, uncompressedSize, requires, secrets,
  parts: [{section, id, size, digest, files, why}]}`;

const saveExamples = `
Examples:
  $ haversack snapshot save latest/report report.snapshot`;

const schemaExamples = `
The shape of what \`zcat report.snapshot\` prints, as JSON Schema 2020-12, for readers in other languages.

Examples:
  $ haversack snapshot schema > schema.json`;

export function snapshotCommand(shell: Shell): Command {
  const command = new Command("snapshot").description("look into what an agent step was given");
  const inspect = new Command("inspect")
    .description("what is in a snapshot, and why")
    .argument("<name>", "file, digest or RUN/STEP");
  const save = new Command("save")
    .description("fetch a snapshot into a file")
    .argument("<name>", "digest or RUN/STEP")
    .argument("<file>", "where to write it");
  return command
    .addCommand(
      withConnection(withJson(inspect, "JSON"))
        .addHelpText("after", inspectExamples)
        .action(
          shell.does((name: string, options: SnapshotOptions) => inspectSnapshot(name, options, shell)),
        ),
    )
    .addCommand(
      withConnection(save)
        .addHelpText("after", saveExamples)
        .action(
          shell.does((name: string, file: string, options: SnapshotOptions) =>
            saveSnapshot(name, file, options, shell),
          ),
        ),
    )
    .addCommand(verifyCommand(shell))
    .addCommand(extractCommand(shell))
    .addCommand(diffCommand(shell))
    .addCommand(schemaCommand(shell));
}

function schemaCommand(shell: Shell): Command {
  return new Command("schema")
    .description("print the JSON Schema of the format")
    .addHelpText("after", schemaExamples)
    .action(
      shell.does(async () => {
        const { snapshotSchema } = await import("@haversack/snapshot");
        shell.out(snapshotSchema());
        return exitCodes.ok;
      }),
    );
}

async function inspectSnapshot(name: string, options: SnapshotOptions, shell: Shell): Promise<ExitCode> {
  const report = (await inspectFile(name, shell)) ?? (await inspectStored(name, options, shell));
  if (options.json === true) shell.json(snapshotJson(report));
  else shell.out(snapshotText(report, shell.paint));
  return exitCodes.ok;
}

/** Undefined when there is no such file. */
async function inspectFile(name: string, shell: Shell): Promise<SnapshotReport | undefined> {
  const bytes = await readIfFile(name, shell);
  if (bytes === undefined) return undefined;
  const { inspectPack } = await import("@haversack/snapshot");
  const pack = inspectPack(bytes);
  const { formatVersion, compressedSize, uncompressedSize, requires, secrets } = pack;
  const parts = pack.parts.map((part) => ({ ...part, digest: parseDigest(part.digest) }));
  const digest = digestOfBytes(pack.digest);
  return { formatVersion, digest, compressedSize, uncompressedSize, requires, secrets, parts };
}

async function inspectStored(name: string, options: SnapshotOptions, shell: Shell): Promise<SnapshotReport> {
  const client = await connect(options, shell);
  return client.inspectSnapshot(await storedName(name, client, shell), shell.outside.stopping);
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
