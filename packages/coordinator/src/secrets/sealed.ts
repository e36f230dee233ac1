/**
 * A value sealed for the disk: AES-256-GCM under a data key of its own, which is sealed under the master key. Name and
 * version are bound to both, so that no sealed value can be passed off as another one. Throws when a byte is another.
 */

import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { FaultError, messageOf } from "@haversack/base";
import { z } from "zod";

const algorithm = "aes-256-gcm";
export const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;

const base64 = z.base64();
const box = z.strictObject({ iv: base64, data: base64, tag: base64 });
type Box = z.infer<typeof box>;

const sealedFile = z.strictObject({
  format: z.literal(1),
  name: z.string(),
  version: z.int().min(1),
  setAt: z.int(),
  setBy: z.string(),
  /** Of the master key that the data key is sealed under. */
  keyId: z.string(),
  dataKey: box,
  value: box,
});
export type Sealed = z.infer<typeof sealedFile>;

export interface MasterKey {
  readonly id: string;
  readonly key: Buffer;
}

/** Tells keys apart without saying anything about them. */
export const keyIdOf = (key: Buffer): string =>
  createHash("sha256").update("haversack master key").update(key).digest("hex").slice(0, 16);

export function seal(
  about: Pick<Sealed, "name" | "version" | "setAt" | "setBy">,
  value: Buffer,
  master: MasterKey,
): Sealed {
  const dataKey = randomBytes(keyBytes);
  return {
    format: 1,
    ...about,
    keyId: master.id,
    dataKey: close(dataKey, master.key, boundTo("key", about)),
    value: close(value, dataKey, boundTo("value", about)),
  };
}

/** The same value under another master key. */
export function rewrap(sealed: Sealed, keys: readonly MasterKey[], master: MasterKey): Sealed {
  const dataKey = dataKeyOf(sealed, keys);
  return { ...sealed, keyId: master.id, dataKey: close(dataKey, master.key, boundTo("key", sealed)) };
}

export function unseal(sealed: Sealed, keys: readonly MasterKey[]): Buffer {
  return open(sealed.value, dataKeyOf(sealed, keys), sealed, "value");
}

/** @param name that the file must hold */
export function parseSealed(text: string, name: string): Sealed {
  let sealed: Sealed;
  try {
    sealed = sealedFile.parse(JSON.parse(text));
  } catch {
    throw damaged(name, "its file cannot be read");
  }
  if (sealed.name !== name)
    throw damaged(name, `its file is that of ${JSON.stringify(sealed.name.slice(0, 80))}`);
  return sealed;
}

export const formatSealed = (sealed: Sealed): string => `${JSON.stringify(sealed, undefined, 1)}\n`;

function dataKeyOf(sealed: Sealed, keys: readonly MasterKey[]): Buffer {
  const master = keys.find(({ id }) => id === sealed.keyId);
  if (master !== undefined) return open(sealed.dataKey, master.key, sealed, "key");
  const known = keys.map(({ id }) => id).join(", ");
  throw damaged(
    sealed.name,
    `it is sealed under the master key ${sealed.keyId}, and the one given here is ${known}`,
  );
}

const boundTo = (part: "key" | "value", { name, version }: Pick<Sealed, "name" | "version">): Buffer =>
  Buffer.from(`haversack vault ${part}\0${name}\0${version}`);

function close(plain: Buffer, key: Buffer, about: Buffer): Box {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes }).setAAD(about);
  const data = Buffer.concat([cipher.update(plain), cipher.final()]);
  return {
    iv: iv.toString("base64"),
    data: data.toString("base64"),
    tag: cipher.getAuthTag().toString("base64"),
  };
}

function open({ iv, data, tag }: Box, key: Buffer, sealed: Sealed, part: "key" | "value"): Buffer {
  try {
    const decipher = createDecipheriv(algorithm, key, Buffer.from(iv, "base64"), { authTagLength: tagBytes })
      .setAAD(boundTo(part, sealed))
      .setAuthTag(Buffer.from(tag, "base64"));
    return Buffer.concat([decipher.update(Buffer.from(data, "base64")), decipher.final()]);
  } catch (cause) {
    throw damaged(sealed.name, `its file was changed, or its key is another one (${messageOf(cause)})`);
  }
}

function damaged(name: string, why: string): FaultError {
  const message = `the secret "${name}" cannot be opened: ${why}; put the key file or the folder of the vault back, or set the secret again`;
  return new FaultError("corrupt", "secret_damaged", message);
}
