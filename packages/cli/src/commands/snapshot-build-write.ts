import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FaultError, systemCodeOf } from "@haversack/base";
import { usage } from "../options.ts";
import { saveWhole } from "../save-whole.ts";
import type { Shell } from "../shell.ts";
import type { BuiltStep } from "./snapshot-build-plan.ts";

interface WriteAsked {
  readonly output?: string;
  /** Given: the output is a file, else a folder. */
  readonly step?: string;
}

/** Answers where each pack went, by the name of its step. */
export async function writePacks(
  steps: readonly BuiltStep[],
  { output = "", step }: WriteAsked,
  { outside: { cwd, stopping } }: Shell,
): Promise<ReadonlyMap<string, string>> {
  if (output === "") throw usage("--output needs a path");
  const files = new Map(
    steps.map(({ name }) => [name, step === undefined ? join(output, `${name}.gz`) : output]),
  );
  try {
    if (step === undefined) await mkdir(resolve(cwd, output), { recursive: true });
    for (const { name, pack } of steps) {
      await saveWhole(once(pack.gzip), resolve(cwd, files.get(name) ?? output), stopping);
    }
  } catch (error) {
    throw inTheWay(error, output);
  }
  return files;
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** A file where a folder is needed, or a folder where a file is: what was asked for is wrong, nothing else. */
function inTheWay(error: unknown, output: string): unknown {
  const code = systemCodeOf(error) ?? "";
  if (!["EEXIST", "EISDIR", "ENOTDIR"].includes(code)) return error;
  const message = `${output} cannot be written: ${code}; it is a file with --step, and a folder without`;
  return new FaultError("invalid", "bad_output", message, { cause: error });
}
