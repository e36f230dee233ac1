/**
 * The secrets of a coordinator: one sealed file for each, in a folder beside the database, or in one that several
 * coordinators share. Never in the store. Every call reads the folder, so that what another one changed is seen; changes
 * are made one at a time, each by temporary file, fsync and rename. A value leaves only by {@link Vault.open}, which
 * nothing but the call of an attempt uses, and that of a worker for what it may fetch images with.
 */

import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, FaultError, readIfThere, syncFolder, writeDurably } from "@haversack/base";
import { isSecretName, type SecretInfo, secretLimits, secretValueProblem } from "@haversack/protocol";
import { withFolderLock } from "./folder-lock.ts";
import { MasterKeys, makeKey } from "./master-keys.ts";
import { formatSealed, parseSealed, rewrap, type Sealed, seal, unseal } from "./sealed.ts";

export interface VaultPlace {
  readonly folder: string;
  /** Absent: `vault.key` in the folder, made when it is needed. */
  readonly keyFile: string | undefined;
}

/** What a person gives to be kept. */
export interface NewSecret {
  readonly name: string;
  readonly value: Uint8Array;
  /** Whose credential sets it. */
  readonly by: string;
}

/** Of people's secrets, and of keys of the coordinator itself. */
const suffixes = [".secret", ".own"] as const;
type Suffix = (typeof suffixes)[number];

export class Vault {
  readonly #folder: string;
  readonly #keys: MasterKeys;
  readonly #clock: Clock;

  constructor({ folder, keyFile }: VaultPlace, clock: Clock) {
    this.#folder = folder;
    this.#keys = new MasterKeys({ path: keyFile ?? join(folder, "vault.key"), isOwn: keyFile === undefined });
    this.#clock = clock;
  }

  async names(): Promise<ReadonlySet<string>> {
    return new Set(await this.#names(".secret"));
  }

  /** By name. Rejects when a file cannot be read. */
  async list(): Promise<readonly SecretInfo[]> {
    const names = await this.#names(".secret");
    const all = await Promise.all(names.map((name) => this.#read(name, ".secret")));
    return all.flatMap((sealed) => (sealed === undefined ? [] : [infoOf(sealed)]));
  }

  /** Keeps a value under a name, in the place of the one before. */
  async set({ name, value, by }: NewSecret): Promise<SecretInfo> {
    checkAsked(name, value);
    return await this.#changing(async () => {
      const known = await this.#names(".secret");
      const countMax = secretLimits.countMax;
      if (!known.includes(name) && known.length >= countMax)
        throw refused("too_many_secrets", `there are ${known.length} secrets, at most ${countMax}`);
      // One that cannot be read is replaced all the same: that is how it is mended.
      const before = await this.#read(name, ".secret").catch(() => undefined);
      const about = { name, version: (before?.version ?? 0) + 1, setAt: this.#clock.now(), setBy: by };
      const sealed = seal(about, Buffer.from(value), await this.#keys.inUse(known.length > 0));
      await this.#write(sealed, ".secret");
      return infoOf(sealed);
    });
  }

  /** Rejects when there is none. */
  async remove(name: string): Promise<void> {
    await this.#changing(async () => {
      if (!(await this.names()).has(name)) throw unknownSecret(name);
      await rm(this.#path(name, ".secret"));
      await syncFolder(this.#folder);
    });
  }

  /** The values. Rejects, by name, when one is not there or cannot be opened. */
  async open(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const values = names.map(async (name) => {
      const value = isSecretName(name) ? await this.#open(name, ".secret") : undefined;
      if (value === undefined) throw unknownSecret(name);
      return [name, value.toString("utf8")] as const;
    });
    return new Map(await Promise.all(values));
  }

  /** A key of the coordinators that share the vault: made when it is first asked for, then the same for ever. */
  async ownKey(name: string): Promise<Buffer> {
    const known = await this.#open(name, ".own");
    if (known !== undefined) return known;
    return await this.#changing(async () => {
      const other = await this.#open(name, ".own");
      if (other !== undefined) return other;
      const { key } = makeKey();
      const about = { name, version: 1, setAt: this.#clock.now(), setBy: "coordinator" };
      const isNeeded = (await this.#names(".secret")).length > 0;
      await this.#write(seal(about, key, await this.#keys.inUse(isNeeded)), ".own");
      return key;
    });
  }

  /** Seals all under a new master key, or under the first one of a file that is not ours; the old one is dropped last. */
  async rotateKey(): Promise<{ readonly keyId: string; readonly resealed: number }> {
    return await this.#changing(async (alive) => {
      await this.#keys.inUse((await this.names()).size > 0);
      const keys = await this.#keys.next();
      let resealed = 0;
      for (const suffix of suffixes) {
        for (const name of await this.#names(suffix)) {
          await alive();
          const sealed = await this.#read(name, suffix);
          // One that cannot be opened ends this: its key must not be dropped.
          if (sealed === undefined || sealed.keyId === keys[0].id) continue;
          await this.#write(rewrap(sealed, keys, keys[0]), suffix);
          resealed++;
        }
      }
      await this.#keys.keepOnly(keys[0]);
      return { keyId: keys[0].id, resealed };
    });
  }

  #path(name: string, suffix: Suffix): string {
    return join(this.#folder, `${name}${suffix}`);
  }

  async #names(suffix: Suffix): Promise<string[]> {
    const files = await readdir(this.#folder).catch(() => []);
    const names = files.filter((file) => file.endsWith(suffix)).map((file) => file.slice(0, -suffix.length));
    return names.filter(isSecretName).toSorted();
  }

  async #read(name: string, suffix: Suffix): Promise<Sealed | undefined> {
    const bytes = await readIfThere(this.#path(name, suffix));
    return bytes === undefined ? undefined : parseSealed(bytes.toString("utf8"), name);
  }

  async #write(sealed: Sealed, suffix: Suffix): Promise<void> {
    await writeDurably(this.#path(sealed.name, suffix), formatSealed(sealed), 0o600);
  }

  async #open(name: string, suffix: Suffix): Promise<Buffer | undefined> {
    const once = async (): Promise<Buffer | undefined> => {
      const sealed = await this.#read(name, suffix);
      return sealed && unseal(sealed, await this.#keys.all());
    };
    // The keys may have changed between the two looks: then the second time fits.
    return await once().catch(once);
  }

  async #changing<T>(change: (alive: () => Promise<void>) => Promise<T>): Promise<T> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    return await withFolderLock(this.#folder, this.#clock, change);
  }
}

const infoOf = ({ name, version, setAt, setBy }: Sealed): SecretInfo => ({ name, version, setAt, setBy });

function checkAsked(name: string, value: Uint8Array): void {
  if (!isSecretName(name)) {
    const form = "lower-case letters and digits, joined by single hyphens, at most 64 characters";
    throw refused("bad_secret_name", `a secret's name has ${form}, such as github-token`);
  }
  const problem = secretValueProblem(value);
  if (problem !== undefined) throw refused("bad_secret", `the value of "${name}" cannot be kept: ${problem}`);
}

function unknownSecret(name: string): FaultError {
  const shown = JSON.stringify(name.slice(0, 80));
  const how = isSecretName(name) ? name : "NAME";
  return new FaultError(
    "missing",
    "unknown_secret",
    `there is no secret ${shown}; haversack secret set ${how}`,
  );
}

const refused = (code: string, message: string): FaultError => new FaultError("invalid", code, message);
