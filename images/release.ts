/**
 * From what was built and smoked to a release: `images.json` over all architectures, its signature, and a folder that
 * is complete before anybody is told of it. All architectures or nothing: whatever is missing or differs, the target
 * stays as it was.
 */

import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { FaultError, messageOf } from "@haversack/base";
import { type ImageManifest, parseImageManifest } from "../packages/coordinator/src/images/manifest.ts";
import { type Arch, arches } from "./arch.ts";
import { hashFile } from "./fetch.ts";
import { type BuildRecord, readRecord, recordName, type SmokeRecord, smokeName } from "./records.ts";

const manifestName = "images.json";
const signatureName = "images.json.sig";
/** Where a coordinator looks for the recipe of the manifest beside it. */
const recipeName = "recipe.sh";
const runtimeName = (stamp: string): string => `base-${stamp}-runtime.tar.gz`;
/** A line of the recipe. */
const runtimeLock = /^runtime_lock='([0-9a-f]{64}) [0-9]+'$/m;

export interface PublishOptions {
  /** What `build` and `smoke` wrote, of all architectures. */
  readonly from: string;
  /** Made if needed; what is published there under another stamp is kept. */
  readonly to: string;
  readonly stamp: string;
  /** PEM of an Ed25519 private key. */
  readonly key: string;
  /** Where the files will be found; absent: in `to`, by file URLs. */
  readonly url?: string;
}

/** Throws FaultError `incomplete`, `changed`, `bad_key`; then nothing in `to` is different from before. */
export async function publish(options: PublishOptions): Promise<ImageManifest> {
  const { from, to, stamp, key } = options;
  const records = await Promise.all(arches.map((arch) => complete(from, stamp, arch)));
  const [first] = records;
  if (first === undefined || records.some(({ recipe }) => recipe !== first.recipe)) {
    throw new FaultError(
      "conflict",
      "incomplete",
      "the architectures were built from different recipes; build both from one checkout",
    );
  }
  for (const record of records) await checkFiles(from, record);
  await checkAddress(options);
  const text = manifestText(records, options);
  const manifest = parseImageManifest(text, manifestName);
  const signature = signText(text, key);
  const files = [...records.flatMap(({ files: each }) => each), ...first.shared];
  await mkdir(to, { recursive: true });
  const stage = await mkdtemp(join(to, ".publishing-"));
  try {
    for (const { name, sha256 } of files) {
      await copyFile(join(from, name), join(stage, name));
      await sameOrRefuse(join(stage, name), sha256);
    }
    await copyFile(join(stage, `base-${stamp}.recipe.sh`), join(stage, recipeName));
    await writeFile(join(stage, signatureName), signature);
    await writeFile(join(stage, manifestName), text);
    await checkImmutable(to, text);
    // The manifest goes last: whoever reads it finds all that it names.
    const last = [recipeName, signatureName, manifestName];
    for (const name of [...new Set(files.map(({ name: each }) => each)), ...last]) {
      await rename(join(stage, name), join(to, name));
    }
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
  return manifest;
}

const incomplete = (what: string) =>
  new FaultError(
    "missing",
    "incomplete",
    `${what}; a release has all architectures (${arches.join(", ")}), built and smoked, or is none`,
  );

/** What was built of an architecture, when a smoke test passed with the very same bytes. */
async function complete(from: string, stamp: string, arch: Arch): Promise<BuildRecord> {
  const record = await readRecord<BuildRecord>(join(from, recordName(stamp, arch)));
  if (record === undefined) throw incomplete(`there is no build of ${stamp} for ${arch} in ${from}`);
  const smoke = await readRecord<SmokeRecord>(join(from, smokeName(stamp, arch)));
  if (smoke === undefined) throw incomplete(`the build of ${stamp} for ${arch} was not smoked`);
  const smoked = new Set(smoke.passed.map(({ sha256 }) => sha256));
  const untried = record.images.filter(({ sha256 }) => !smoked.has(sha256));
  if (untried.length > 0)
    throw incomplete(`${untried.map(({ name }) => name).join(", ")} passed no smoke test`);
  return record;
}

async function checkFiles(from: string, record: BuildRecord): Promise<void> {
  for (const { name, sha256, size } of [...record.files, ...record.shared]) {
    const found = await stat(join(from, name)).catch(() => undefined);
    if (found === undefined) throw incomplete(`${name} is not in ${from}`);
    if (found.size !== size)
      throw new FaultError(
        "corrupt",
        "changed",
        `${name} has ${found.size} bytes, and had ${size} when it was built`,
      );
    await sameOrRefuse(join(from, name), sha256);
  }
}

/** Containers that are built look for the agent runtime where the recipe says, and that was fixed when it was made. */
async function checkAddress({ from, stamp, url }: PublishOptions): Promise<void> {
  if (url === undefined) return;
  const expected = `${url.replace(/\/$/, "")}/${runtimeName(stamp)}`;
  const recipe = await readFile(join(from, `base-${stamp}.recipe.sh`), "utf8");
  if (recipe.includes(expected)) return;
  const message = `the recipe does not look for the agent runtime at ${expected}: it was built with another --url, or with none; give build the same`;
  throw new FaultError("conflict", "incomplete", message);
}

async function sameOrRefuse(file: string, sha256: string): Promise<void> {
  const found = await hashFile(file);
  if (found !== sha256)
    throw new FaultError("corrupt", "changed", `${file} is ${found}, and was ${sha256} when it was built`);
}

/** A stamp means one thing for ever: workers and records name it. */
async function checkImmutable(to: string, text: string): Promise<void> {
  const old = await readFile(join(to, manifestName), "utf8").catch(() => undefined);
  if (old === undefined || old === text) return;
  const stampOf = (each: string) => (JSON.parse(each) as { stamp?: string }).stamp;
  if (stampOf(old) !== stampOf(text)) return;
  throw new FaultError(
    "conflict",
    "changed",
    `${to} holds another release with the stamp ${stampOf(old)}; choose a new one in images/recipe.json`,
  );
}

function manifestText(records: readonly BuildRecord[], { to, url, stamp }: PublishOptions): string {
  const base = url?.replace(/\/?$/, "/") ?? `${pathToFileURL(resolve(to)).href}/`;
  const at = (name: string) => new URL(encodeURIComponent(name), base).href;
  const entries = records.map(({ arch, oci, lxd, sbom }) => [
    arch,
    {
      oci: {
        urls: [at(oci.name)],
        sha256: oci.sha256,
        size: oci.size,
        unpacked: oci.unpacked,
        imageId: oci.imageId,
        manifestDigest: oci.manifestDigest,
      },
      lxd: { urls: [at(lxd.name)], sha256: lxd.sha256, size: lxd.size, unpacked: lxd.unpacked },
      sbom: { url: at(sbom.name), sha256: sbom.sha256 },
    },
  ]);
  const recipe = records[0]?.recipe;
  const manifest = {
    format: "haversack-images",
    version: 1,
    name: "base",
    stamp,
    recipe,
    arches: Object.fromEntries(entries) as object,
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Base64 of an Ed25519 signature over the bytes of the manifest, which names all the rest by sha256. */
function signText(text: string, key: string): string {
  try {
    const privateKey = createPrivateKey(key);
    if (privateKey.asymmetricKeyType !== "ed25519") throw new Error(`it is ${privateKey.asymmetricKeyType}`);
    return `${sign(null, Buffer.from(text), privateKey).toString("base64")}\n`;
  } catch (cause) {
    const message = `the signing key is no Ed25519 private key in PEM: ${messageOf(cause)}; npm run images -- keygen makes one`;
    throw new FaultError("invalid", "bad_key", message, { cause });
  }
}

export function newKey(): { readonly privateKey: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }),
    publicKey: publicKey.export({ type: "spki", format: "pem" }),
  };
}

/** The recipe names it in turn. */
async function verifyRuntime(folder: string, stamp: string): Promise<string> {
  const name = runtimeName(stamp);
  const [, sha256] = runtimeLock.exec(await readFile(join(folder, recipeName), "utf8")) ?? [];
  if (sha256 === undefined)
    throw new FaultError("corrupt", "changed", `${recipeName} names no agent runtime`);
  await sameOrRefuse(join(folder, name), sha256);
  return `${name}: sha256 ${sha256}`;
}

/** Everything that a release names, read again: signature, sizes and sha256. Throws FaultError `changed`, `bad_signature`. */
export async function verifyRelease(folder: string, publicKey: string): Promise<string[]> {
  const text = await readFile(join(folder, manifestName), "utf8");
  const signature = Buffer.from(await readFile(join(folder, signatureName), "utf8"), "base64");
  if (!verify(null, Buffer.from(text), createPublicKey(publicKey), signature)) {
    throw new FaultError(
      "corrupt",
      "bad_signature",
      `${signatureName} is not the signature of ${manifestName} by this key`,
    );
  }
  const { arches: entries, recipe, stamp } = parseImageManifest(text, manifestName);
  await sameOrRefuse(join(folder, recipeName), recipe.replace("sha256:", ""));
  const said = [`${recipeName}: ${recipe}`, await verifyRuntime(folder, stamp)];
  for (const { oci, lxd, sbom } of Object.values(entries)) {
    const named = [
      ...[oci, lxd].flatMap((file) => (file === undefined ? [] : [{ ...file, url: file.urls[0] ?? "" }])),
      ...(sbom === undefined ? [] : [sbom]),
    ];
    for (const file of named) {
      const name = basename(new URL(file.url).pathname);
      await sameOrRefuse(join(folder, decodeURIComponent(name)), file.sha256);
      said.push(`${name}: sha256 ${file.sha256}`);
    }
  }
  return said;
}
