/**
 * Another day for programs: `build --twice` runs the second build under libfaketime. Its variables reach every program
 * that the pipeline starts, its library the root of an image while something runs in there.
 */

import { copyFile, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Arch, names } from "./arch.ts";

/** Another calendar day everywhere, and before the certificate of a registry ends. */
const ahead = "+3d";
const variable = /^(?:LD_PRELOAD|NO_FAKE_STAT|FAKETIME\w*)$/;

// Dates of files stay true: those of packages are in the image.
const faketime = ["env", "NO_FAKE_STAT=1", "faketime", "-m", "--exclude-monotonic", "-f", ahead];

/** It ends when we do, though faketime hands on no signal. */
export const onAnotherDay = (argv: readonly string[]): readonly string[] => [
  ...faketime,
  "setpriv",
  "--pdeathsig",
  "TERM",
  ...argv,
];

/** Variables that give a program the clock that we have; none when that is the machine's. */
export function clockVariables(env: NodeJS.ProcessEnv = process.env): Readonly<Record<string, string>> {
  if (env["FAKETIME"] === undefined) return {};
  const kept = Object.entries(env).filter(([name]) => variable.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""]));
}

/** Path of the library, here and in a root of this architecture; undefined: programs there have the machine's clock. */
export function clockLibrary(arch: Arch, env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (arch !== process.arch) return undefined;
  return clockVariables(env)["LD_PRELOAD"]?.replace("$LIB", `lib/${names[arch].machine}-linux-gnu`);
}

/** The library is in the root while this runs, and no longer. */
export async function withClock<Result>(
  root: string,
  library: string | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  if (library === undefined) return await work();
  const folder = dirname(join(root, library));
  await mkdir(folder, { recursive: true });
  await copyFile(library, join(root, library));
  try {
    return await work();
  } finally {
    await rm(folder, { recursive: true });
  }
}
