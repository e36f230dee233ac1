import { FaultError, messageOf } from "@haversack/base";
import { parseDigest } from "@haversack/protocol";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withJson } from "../options.ts";
import { bytes } from "../print/moment.ts";
import type { Shell } from "../shell.ts";
import { readIfFile, snapshotLimits } from "./snapshot-source.ts";

interface VerifyOptions {
  readonly json?: boolean;
  readonly digest?: string;
}

const examples = `
Opens the file as a worker does, within its limits: one gzip member, checksum, length, canonical form, schema,
order, references, paths. Needs no coordinator. Exit code 2 when it is refused, 4 when there is no such file.

Examples:
  $ haversack snapshot verify report.snapshot
  $ haversack snapshot verify report.snapshot --digest sha256:9f2c…   it must be this one
  $ haversack snapshot verify report.snapshot --json | jq -r .code

--json: {valid: true, formatVersion, digest, compressedSize, uncompressedSize, requires}
  or {valid: false, code, message}`;

export function verifyCommand(shell: Shell): Command {
  const command = new Command("verify")
    .description("check the file of a snapshot, byte by byte")
    .argument("<file>", "as `haversack snapshot save` wrote it")
    .option("--digest <digest>", "the digest that it must have, sha256:…");
  return withJson(command, "JSON")
    .addHelpText("after", examples)
    .action(shell.does((file: string, options: VerifyOptions) => verify(file, options, shell)));
}

async function verify(file: string, options: VerifyOptions, shell: Shell): Promise<ExitCode> {
  const wanted = options.digest === undefined ? undefined : parseDigest(options.digest);
  const found = await readIfFile(file, shell);
  if (found === undefined) throw new FaultError("missing", "unknown_file", `there is no file ${file}`);
  try {
    const pack = await checked(found, wanted, shell);
    const { formatVersion, name: digest, compressedSize, uncompressedSize, requires } = pack;
    const sizes = `${bytes(compressedSize)} packed, ${bytes(uncompressedSize)} unpacked`;
    if (options.json !== true) shell.out(`${shell.paint.good("✓")} ${digest}\n  ${sizes}\n`);
    else shell.json({ valid: true, formatVersion, digest, compressedSize, uncompressedSize, requires });
    return exitCodes.ok;
  } catch (error) {
    if (options.json !== true || !(error instanceof FaultError)) throw error;
    shell.json({ valid: false, code: error.code, message: messageOf(error) });
    return exitCodes.invalid;
  }
}

async function checked(found: Uint8Array, wanted: string | undefined, shell: Shell) {
  const { inspectPack } = await import("@haversack/snapshot");
  const pack = inspectPack(found, await snapshotLimits(shell));
  if (wanted === undefined || wanted === pack.name) return pack;
  throw new FaultError("corrupt", "snapshot_corrupt", `the snapshot is ${pack.name}, not ${wanted}`);
}
