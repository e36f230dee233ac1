/** One architecture, from the lock to files that can be published: bootstrap, archives, gate, bill of materials, record. */

import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Arch } from "./arch.ts";
import { bootstrap, checkHost, largest } from "./bootstrap.ts";
import { hashFile } from "./fetch.ts";
import { gate } from "./gate.ts";
import { writeLxd } from "./lxd.ts";
import { writeOci } from "./oci.ts";
import { type Recipe, readRecipe, readRecipeFile } from "./recipe.ts";
import { type BuildRecord, bareName, baseName, type FileRecord, recordName, writeRecord } from "./records.ts";
import { type PackedRuntime, packRuntime } from "./runtime.ts";
import { sbomText } from "./sbom.ts";

export interface BuildOptions {
  readonly arch: Arch;
  readonly out: string;
  readonly cache: string;
  /** Where this release will be found; the recipe says so, for containers that are built without an image. */
  readonly url?: string;
  /** Bytes of each file in the last release, by name without the stamp: see {@link kindOf}. */
  readonly before: ReadonlyMap<string, number>;
  readonly tell: (line: string) => void;
}

const shownPaths = 20;

/** Throws what its parts throw; `too_large` leaves the files where they are, for somebody to look at, but no record. */
export async function build(options: BuildOptions): Promise<BuildRecord> {
  const { arch, out, cache, tell } = options;
  process.umask(0o022);
  await checkHost(arch);
  await mkdir(out, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), "haversack-image-"));
  try {
    const { stamp } = await readRecipeFile();
    await rm(join(out, recordName(stamp, arch)), { force: true });
    const { recipe, runtime } = await rendered(work, options);
    const root = await bootstrap({
      arch,
      recipe,
      runtime,
      cache,
      work,
      bare: join(out, bareName(stamp, arch)),
      tell,
    });
    const made = await archives({ ...options, recipe, runtime, root, work });
    for (const line of gate(measured(made, options), await largest(root, shownPaths))) tell(line);
    await writeRecord(join(out, recordName(stamp, arch)), made);
    return made;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @param work an empty folder. */
async function rendered(
  work: string,
  { out, url, tell }: Pick<BuildOptions, "out" | "url" | "tell">,
): Promise<{ readonly recipe: Recipe; readonly runtime: PackedRuntime }> {
  const { stamp, epochSeconds } = await readRecipeFile();
  const name = `base-${stamp}-runtime.tar.gz`;
  tell("agent runtime");
  const runtime = await packRuntime(work, join(out, name), epochSeconds);
  const recipe = await readRecipe(runtime, url === undefined ? [] : [`${url.replace(/\/$/, "")}/${name}`]);
  tell(`recipe ${recipe.digest}, ${Buffer.byteLength(recipe.text)} bytes`);
  return { recipe, runtime };
}

/** What a worker needs for the build path, without an image. */
export async function recipeOnly(
  out: string,
  url: string | undefined,
): Promise<{ readonly name: string; readonly digest: string; readonly runtime: FileRecord }> {
  await mkdir(out, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), "haversack-recipe-"));
  try {
    const where = { out, tell: () => {}, ...(url !== undefined && { url }) };
    const { recipe } = await rendered(work, where);
    await put(out, "recipe.sh", recipe.text);
    const runtime = await described(out, `base-${recipe.file.stamp}-runtime.tar.gz`);
    return { name: "recipe.sh", digest: recipe.digest, runtime };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface Made extends BuildOptions {
  readonly recipe: Recipe;
  readonly runtime: PackedRuntime;
  readonly root: string;
  readonly work: string;
}

async function archives({ arch, out, recipe, runtime, root, work, tell }: Made): Promise<BuildRecord> {
  const { stamp } = recipe.file;
  const name = baseName(stamp, arch);
  const content = { arch, file: recipe.file, recipe: recipe.digest, root };
  tell("archive for Docker and Podman");
  const written = await writeOci(content, join(work, "oci"), join(out, `${name}.oci.tar`));
  tell("archive for LXD and Incus");
  await writeLxd(content, join(work, "lxd"), join(out, `${name}.lxd.tar.zst`));
  await put(out, `${name}.spdx.json`, sbomText(arch, recipe, runtime));
  await put(out, `base-${stamp}.recipe.sh`, recipe.text);
  const { unpacked, ...ids } = written;
  const oci = { ...(await described(out, `${name}.oci.tar`)), ...ids, unpacked };
  const lxd = { ...(await described(out, `${name}.lxd.tar.zst`)), unpacked };
  const sbom = await described(out, `${name}.spdx.json`);
  const plain = [oci, lxd].map(({ name: file, sha256, size }) => ({ name: file, sha256, size }));
  const shared = [
    await described(out, `base-${stamp}.recipe.sh`),
    await described(out, `base-${stamp}-runtime.tar.gz`),
  ];
  return {
    arch,
    stamp,
    recipe: recipe.digest,
    oci,
    lxd,
    sbom,
    images: plain,
    files: [...plain, sbom],
    shared,
  };
}

function measured({ files, shared, stamp }: BuildRecord, { before }: BuildOptions) {
  return [...files, ...shared].map(({ name, size }) => {
    const known = before.get(kindOf(name, stamp));
    return { name, size, ...(known !== undefined && { before: known }) };
  });
}

const kindOf = (name: string, stamp: string): string => name.replace(stamp, "*");

async function described(folder: string, name: string): Promise<FileRecord> {
  const file = join(folder, name);
  return { name, sha256: await hashFile(file), size: (await stat(file)).size };
}

async function put(folder: string, name: string, text: string): Promise<void> {
  await writeFile(join(folder, `${name}.part`), text);
  await rename(join(folder, `${name}.part`), join(folder, name));
}

/** Sizes in an `images.json`, of the release before this one. */
export async function sizesBefore(file: string): Promise<Map<string, number>> {
  const { stamp, arches } = JSON.parse(await readFile(file, "utf8")) as {
    stamp: string;
    arches: Record<string, Record<string, { urls?: string[]; size?: number }>>;
  };
  const files = Object.values(arches).flatMap((each) => Object.values(each));
  return new Map(
    files.flatMap(({ urls, size }) => {
      const name = urls?.[0]?.split("/").at(-1);
      return name === undefined || size === undefined ? [] : [[kindOf(name, stamp), size] as const];
    }),
  );
}
