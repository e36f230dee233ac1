import { digestOfBytes, parseDigest, type SnapshotReport } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withConnection, withJson } from "../options.ts";
import { snapshotJson } from "../print/json.ts";
import { snapshotText } from "../print/snapshot-text.ts";
import type { Shell } from "../shell.ts";
import { connect, readIfFile, type SnapshotOptions, snapshotLimits, storedName } from "./snapshot-source.ts";

const examples = `
NAME is a file, a digest (sha256:…) or RUN/STEP. A file is read here and needs no coordinator.

Examples:
  $ haversack snapshot inspect latest/report
  $ haversack snapshot inspect ./report.snapshot --json | jq '.parts[].id'

--json: {formatVersion, digest, compressedSize, uncompressedSize, requires, secrets,
  parts: [{section, id, size, digest, files, why}]}`;

export function inspectCommand(shell: Shell): Command {
  const command = new Command("inspect")
    .description("what is in a snapshot, and why")
    .argument("<name>", "file, digest or RUN/STEP");
  return withConnection(withJson(command, "JSON"))
    .addHelpText("after", examples)
    .action(shell.does((name: string, options: SnapshotOptions) => inspectSnapshot(name, options, shell)));
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
  const pack = inspectPack(bytes, await snapshotLimits(shell));
  const { formatVersion, compressedSize, uncompressedSize, requires, secrets } = pack;
  const parts = pack.parts.map((part) => ({ ...part, digest: parseDigest(part.digest) }));
  const digest = digestOfBytes(pack.digest);
  return { formatVersion, digest, compressedSize, uncompressedSize, requires, secrets, parts };
}

async function inspectStored(name: string, options: SnapshotOptions, shell: Shell): Promise<SnapshotReport> {
  const client = await connect(options, shell);
  return client.inspectSnapshot(await storedName(name, client, shell), shell.outside.stopping);
}
