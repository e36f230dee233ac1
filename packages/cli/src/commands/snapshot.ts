import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { FaultError, systemCodeOf } from "@haversack/base";
import {
  digestOfBytes,
  type HaversackClient,
  parseDigest,
  parseStepId,
  type SnapshotReport,
} from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { given, withConnection, withJson } from "../options.ts";
import { snapshotJson } from "../print/json.ts";
import { snapshotText } from "../print/snapshot-text.ts";
import { findRun } from "../run-ref.ts";
import { saveWhole } from "../save-whole.ts";
import type { Shell } from "../shell.ts";

interface SnapshotOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

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
    );
}

async function inspectSnapshot(name: string, options: SnapshotOptions, shell: Shell): Promise<ExitCode> {
  const report = (await inspectFile(name, shell)) ?? (await inspectStored(name, options, shell));
  if (options.json === true) shell.json(snapshotJson(report));
  else shell.out(snapshotText(report, shell.paint));
  return exitCodes.ok;
}

/** Undefined when there is no such file. */
async function inspectFile(name: string, { outside }: Shell): Promise<SnapshotReport | undefined> {
  const bytes = await readIfFile(resolve(outside.cwd, name));
  if (bytes === undefined) return undefined;
  const { inspectPack } = await import("@haversack/snapshot");
  const pack = inspectPack(bytes);
  const { formatVersion, compressedSize, uncompressedSize, requires, secrets } = pack;
  const parts = pack.parts.map((part) => ({ ...part, digest: parseDigest(part.digest) }));
  const digest = digestOfBytes(pack.digest);
  return { formatVersion, digest, compressedSize, uncompressedSize, requires, secrets, parts };
}

async function readIfFile(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new FaultError("invalid", "snapshot_file", `${path} cannot be read: ${code ?? "unknown"}`, {
      cause: error,
    });
  }
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

function connect({ url, token, data }: SnapshotOptions, shell: Shell): Promise<HaversackClient> {
  return shell.connect(given({ url, token, data }));
}

async function storedName(name: string, client: HaversackClient, { outside }: Shell): Promise<string> {
  const at = name.indexOf("/");
  if (at > 0) {
    const run = await findRun(client, name.slice(0, at), outside.stopping);
    return `${run.id}/${parseStepId(name.slice(at + 1))}`;
  }
  if (name.startsWith("sha256:")) return parseDigest(name);
  const what = "it is neither a file that exists, nor a digest (sha256:…), nor RUN/STEP";
  throw new FaultError("missing", "unknown_snapshot", `no snapshot ${JSON.stringify(name)}: ${what}`);
}
