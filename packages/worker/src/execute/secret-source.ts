/**
 * Where secret values come from on this worker. A snapshot only names them, and what it names comes from the
 * coordinator; so the worker decides which names it answers: variables, but none of its own, and files below folders
 * that exist for secrets.
 */

import { constants, open, realpath } from "node:fs/promises";
import { sep } from "node:path";
import type { SecretReference } from "../agent/assignment.ts";

export interface SecretSource {
  /** Undefined when this worker does not have it or does not give it. Never rejects. */
  resolve(reference: SecretReference): Promise<string | undefined>;
}

export interface HostSecretsOptions {
  readonly hostEnv: ReadonlyMap<string, string>;
  /** Absolute; files elsewhere are not read. */
  readonly fileFolders: readonly string[];
}

const valueBytesMax = 65_536;
/** Addresses of model servers may be named; tokens and folders of the worker itself may not. */
const answeredName = /^(?!HAVERSACK_)[A-Za-z_][A-Za-z0-9_]{0,127}$|^HAVERSACK_[A-Z0-9_]{1,100}_URL$/;

export function hostSecrets(options: HostSecretsOptions): SecretSource {
  return {
    async resolve(reference) {
      if ("env" in reference) return fromEnvironment(options, reference.env);
      if ("file" in reference) return fromFile(options, reference.file).catch(() => undefined);
      // Of the coordinator's vault: this worker has none.
      return undefined;
    },
  };
}

function fromEnvironment({ hostEnv }: HostSecretsOptions, name: string): string | undefined {
  const value = answeredName.test(name) ? hostEnv.get(name) : undefined;
  return value === "" ? undefined : value;
}

async function fromFile({ fileFolders }: HostSecretsOptions, path: string): Promise<string | undefined> {
  const real = await realpath(path);
  if (!fileFolders.some((folder) => real.startsWith(folder.endsWith(sep) ? folder : folder + sep)))
    return undefined;
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const info = await file.stat();
    if (!info.isFile() || info.size > valueBytesMax) return undefined;
    const text = (await file.readFile("utf8")).replace(/\r?\n$/, "");
    return text === "" ? undefined : text;
  } finally {
    await file.close();
  }
}
