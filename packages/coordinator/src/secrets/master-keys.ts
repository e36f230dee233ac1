/**
 * The master keys of a vault, one a line, the one in use first: a file of the vault's own, made when the first secret is
 * set, or one that an operator provides (`HAVERSACK_VAULT_KEY_FILE`, such as a credential of systemd), which is only read.
 * There is more than one key only while secrets move from one to the next.
 */

import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { FaultError, messageOf, systemCodeOf, writeDurably } from "@haversack/base";
import { keyBytes, keyIdOf, type MasterKey } from "./sealed.ts";

interface KeyFile {
  readonly path: string;
  /** Ours to make and to change; else it is only read. */
  readonly isOwn: boolean;
}

const prefix = "hvk1_";
const fileBytesMax = 4096;

type Keys = readonly [MasterKey, ...MasterKey[]];

/** Read each time: another coordinator may have made or changed them. Changed only under the lock of the vault. */
export class MasterKeys {
  readonly #file: KeyFile;

  constructor(file: KeyFile) {
    this.#file = file;
  }

  async all(): Promise<Keys> {
    const keys = await readKeys(this.#file);
    if (keys !== undefined) return keys;
    const message = `the vault's key file ${this.#file.path} is not there; put it back, or set HAVERSACK_VAULT_KEY_FILE to where it is`;
    throw new FaultError("corrupt", "no_vault_key", message);
  }

  /** The one that new secrets are sealed under, made if need be. @param isNeeded a new key would leave secrets closed */
  async inUse(isNeeded: boolean): Promise<MasterKey> {
    const known = await readKeys(this.#file);
    if (known !== undefined) return known[0];
    if (isNeeded || !this.#file.isOwn) return (await this.all())[0];
    const fresh = makeKey();
    await writeKeys(this.#file, [fresh]);
    return fresh;
  }

  /** All, with a new one before them if the file is ours; what was sealed under any of them can be opened. */
  async next(): Promise<Keys> {
    const held = await this.all();
    if (!this.#file.isOwn) return held;
    const keys: Keys = [makeKey(), ...held];
    await writeKeys(this.#file, keys);
    return keys;
  }

  async keepOnly(key: MasterKey): Promise<void> {
    if (this.#file.isOwn) await writeKeys(this.#file, [key]);
  }
}

/** Undefined: there is no file. Throws, without its content, when it is no key file or others may read it. */
async function readKeys({ path, isOwn }: KeyFile): Promise<Keys | undefined> {
  const text = await readPrivate(path, isOwn);
  if (text === undefined) return undefined;
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const [first, ...others] = lines.map((line, index) => parseKey(line.trim(), path, index + 1));
  if (first === undefined) throw bad(path, "it is empty");
  return [first, ...others];
}

export function makeKey(): MasterKey {
  const key = randomBytes(keyBytes);
  return { id: keyIdOf(key), key };
}

async function writeKeys({ path }: KeyFile, keys: readonly MasterKey[]): Promise<void> {
  const lines = keys.map(({ key }) => `${prefix}${key.toString("base64url")}\n`);
  await writeDurably(path, lines.join(""), 0o600);
}

async function readPrivate(path: string, isOwn: boolean): Promise<string | undefined> {
  try {
    await using file = await open(path, "r");
    const { mode, size } = await file.stat();
    // A container may give a credential to the group of its user.
    if ((mode & (isOwn ? 0o077 : 0o007)) !== 0)
      throw bad(path, `others may read it (mode ${(mode & 0o777).toString(8)}); chmod 600 it`);
    if (size > fileBytesMax) throw bad(path, `it has ${size} bytes`);
    return await file.readFile("utf8");
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    if (error instanceof FaultError) throw error;
    throw bad(path, messageOf(error));
  }
}

function parseKey(line: string, path: string, number: number): MasterKey {
  const key = Buffer.from(line.slice(prefix.length), "base64url");
  if (!/^hvk1_[\w-]{43}$/.test(line) || key.length !== keyBytes)
    throw bad(path, `line ${number}: expected ${prefix} and 32 bytes in base64url`);
  return { id: keyIdOf(key), key };
}

function bad(path: string, why: string): FaultError {
  return new FaultError("corrupt", "bad_vault_key", `the vault's key file ${path} cannot be used: ${why}`);
}
