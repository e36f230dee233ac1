/** Secret values in a container: one file each, put there by the worker before the start. */

import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SecretReference } from "../assignment.ts";

const valueBytesMax = 65_536;
const filesMax = 1024;
const fileName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

export interface ContainerSecrets {
  /** In the order of the references; null: it is not here. */
  readonly ask: (references: readonly SecretReference[]) => Promise<(string | null)[]>;
  /** For the masker. */
  readonly all: () => Promise<string[]>;
}

/** @param env variables that were given to the container in the open; a file of the same name wins. */
export function containerSecrets(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): ContainerSecrets {
  const value = async (name: string): Promise<string | undefined> => {
    if (!fileName.test(name)) return undefined;
    const bytes = await readFile(join(folder, name)).catch(() => undefined);
    return bytes === undefined || bytes.length === 0 || bytes.length > valueBytesMax
      ? undefined
      : bytes.toString();
  };
  const resolve = async (reference: SecretReference): Promise<string | null> => {
    if ("secret" in reference) return (await value(reference.secret)) ?? null;
    if ("env" in reference) return (await value(reference.env)) ?? (env[reference.env] || null);
    // Files elsewhere are not secrets that somebody gave to this container.
    const isHere = dirname(reference.file) === folder;
    return isHere ? ((await value(reference.file.slice(folder.length + 1))) ?? null) : null;
  };
  return {
    ask: (references) => Promise.all(references.map(resolve)),
    all: async () => {
      const names = (await readdir(folder).catch(() => [])).slice(0, filesMax);
      return (await Promise.all(names.map(value))).filter((text) => text !== undefined);
    },
  };
}
