/**
 * The root of an image: a bare Debian from the locked packages, then the recipe in it, as a worker runs it in a
 * container, but without a network: what it needs is in its cache. Root is needed for owners and for chroot.
 */

import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FaultError } from "@haversack/base";
import { type Arch, names } from "./arch.ts";
import { fetchAll, hashOf, type Wanted } from "./fetch.ts";
import { sourcesList } from "./lock.ts";
import { clockLibrary, withClock } from "./other-clock.ts";
import type { Recipe } from "./recipe.ts";
import { needPrograms, run } from "./run.ts";
import type { PackedRuntime } from "./runtime.ts";
import { packTar } from "./tar.ts";

export interface BootstrapOptions {
  readonly arch: Arch;
  readonly recipe: Recipe;
  readonly runtime: PackedRuntime;
  /** Files by sha256, kept from one build to the next. */
  readonly cache: string;
  /** An empty folder. */
  readonly work: string;
  /** Where the bare Debian is kept, for a smoke test of the build path. */
  readonly bare: string;
  readonly tell: (line: string) => void;
}

/** Throws FaultError `not_root`, `program_missing`, `cannot_execute`. */
export async function checkHost(arch: Arch): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new FaultError(
      "denied",
      "not_root",
      "a base image is built by root: files have owners, and packages run in a chroot; use sudo",
    );
  }
  await needPrograms({
    mmdebstrap: "mmdebstrap",
    unshare: "util-linux",
    tar: "tar",
    gzip: "gzip",
    zstd: "zstd",
    npm: "npm",
    [arch === "x64" ? "x86_64-linux-gnu-strip" : "aarch64-linux-gnu-strip"]:
      `binutils-${names[arch].machine.replace("_", "-")}-linux-gnu`,
  });
  if (arch !== process.arch) await checkEmulation(arch);
}

async function checkEmulation(arch: Arch): Promise<void> {
  const entry = await readFile(`/proc/sys/fs/binfmt_misc/qemu-${names[arch].machine}`, "utf8").catch(
    () => "",
  );
  if (entry.startsWith("enabled")) return;
  const message = `this machine cannot execute ${arch}: build on one that does, or register qemu-${names[arch].machine} with binfmt_misc (packages qemu-user-static and binfmt-support)`;
  throw new FaultError("unavailable", "cannot_execute", message);
}

/** Answers the folder of the root. */
export async function bootstrap(options: BootstrapOptions): Promise<string> {
  const { arch, recipe, cache, work, bare, tell } = options;
  const root = join(work, "root");
  tell(`${recipe.lock.debian[arch].length} packages and Node ${recipe.file.node} by the lock`);
  await fetchAll(cache, [...debs(options), nodePackage(options)]);
  tell("bootstrap");
  await bareDebian(options, root);
  await packTar({ folder: root, file: bare, epochSeconds: recipe.file.epochSeconds, compress: "none" });
  await seedCache(options, root);
  tell("recipe");
  await withClock(root, clockLibrary(arch), () => runRecipe(recipe, root, arch, tell));
  await writeFile(
    join(root, "etc/apt/sources.list"),
    sourcesList(recipe.file.mirrors[0] ?? "", recipe.file.suite),
  );
  tell("trim");
  await run("/bin/sh", [fileURLToPath(new URL("trim.sh", import.meta.url)), root, arch]);
  return root;
}

function debs({ arch, recipe }: BootstrapOptions): Wanted[] {
  return recipe.lock.debian[arch].map(({ name, sha256, size, path }) => {
    const archive = path.startsWith("pool/updates/") ? "debian-security" : "debian";
    const urls = recipe.file.mirrors.map((mirror) => `${mirror.replace("%a", archive)}/${path}`);
    return { name, sha256, size, urls };
  });
}

function nodePackage({ arch, recipe }: BootstrapOptions): Wanted {
  const { sha256, size, path } = recipe.lock.node[arch];
  return { name: path, sha256, size, urls: [`${recipe.file.registry}/${path}`] };
}

/** From an archive that holds nothing but the locked packages, so that apt has nothing else to choose. */
async function bareDebian({ arch, recipe, cache, work }: BootstrapOptions, root: string): Promise<void> {
  const archive = join(work, "archive");
  await mkdir(archive);
  const records: string[] = [];
  for (const { sha256, size, path } of recipe.lock.debian[arch]) {
    const file = path.slice(path.lastIndexOf("/") + 1);
    await symlink(join(cache, sha256), join(archive, file));
    const fields = (await run("dpkg-deb", ["--field", join(archive, file)])).trimEnd();
    records.push(`${fields}\nFilename: ./${file}\nSize: ${size}\nSHA256: ${sha256}\n`);
  }
  const index = records.join("\n");
  await writeFile(join(archive, "Packages"), index);
  // Without a name, mmdebstrap would not look for the essential packages here.
  const { suite } = recipe.file;
  const sum = ` ${hashOf(index)} ${Buffer.byteLength(index)} Packages`;
  await writeFile(join(archive, "Release"), `Suite: ${suite}\nCodename: ${suite}\nSHA256:\n${sum}\n`);
  const args = [
    "--mode=root",
    "--variant=minbase",
    "--include=apt",
    `--architectures=${names[arch].debian}`,
    "--format=directory",
  ];
  const hooks = ["--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr", '--aptopt=Acquire::Languages "none"'];
  const unsafe = ["--dpkgopt=force-unsafe-io", "--skip=output/dev", "--skip=check/qemu"];
  const clock = clockLibrary(arch);
  if (clock !== undefined)
    hooks.push(`--setup-hook=mkdir -p "$1${dirname(clock)}"; cp ${clock} "$1${clock}"`);
  const source = `deb [trusted=yes] copy://${archive} ./`;
  await run("mmdebstrap", [...args, ...hooks, ...unsafe, suite, root, source], {
    env: { SOURCE_DATE_EPOCH: String(recipe.file.epochSeconds), TMPDIR: work },
  });
  await rm(join(root, "etc/apt/sources.list.d/0000main.list"), { force: true });
  if (clock !== undefined) await rm(join(root, dirname(clock)), { recursive: true });
}

async function seedCache({ arch, recipe, runtime, cache }: BootstrapOptions, root: string): Promise<void> {
  const inside = join(root, "var/cache/haversack");
  await mkdir(inside, { recursive: true });
  const hashes = [...recipe.lock.debian[arch].map(({ sha256 }) => sha256), recipe.lock.node[arch].sha256];
  for (const hash of hashes) await copyFile(join(cache, hash), join(inside, hash));
  await copyFile(runtime.file, join(inside, runtime.sha256));
}

/** With processes, mounts and a network (none) of its own, as in a container. */
async function runRecipe(
  recipe: Recipe,
  root: string,
  arch: Arch,
  tell: (line: string) => void,
): Promise<void> {
  const script = join(root, "tmp/haversack-recipe.sh");
  await writeFile(script, recipe.text);
  await chmod(script, 0o755);
  const namespaces = ["--mount", "--pid", "--fork", "--net", "--uts", "--ipc", "--kill-child"];
  // A clock that is not the machine's is shared by all that have it.
  const shared = clockLibrary(arch) === undefined ? "-t tmpfs tmpfs" : "--bind /dev/shm";
  const inside = `set -e; root=$1; mount -t proc proc "$root/proc"; mount -t tmpfs -o mode=755 tmpfs "$root/dev"; for n in null zero full random urandom tty; do : > "$root/dev/$n"; mount --bind "/dev/$n" "$root/dev/$n"; done; mkdir "$root/dev/shm"; mount ${shared} "$root/dev/shm"; hostname haversack; exec chroot "$root" /bin/sh /tmp/haversack-recipe.sh`;
  const said = await run("unshare", [...namespaces, "/bin/sh", "-c", inside, "sh", root]);
  for (const line of said.trim().split("\n")) tell(`  ${line}`);
  const proof = JSON.parse(await readFile(join(root, "etc/haversack-base.json"), "utf8")) as {
    recipe: string;
    arch: string;
  };
  if (proof.recipe === recipe.digest && proof.arch === arch) return;
  throw new FaultError(
    "bug",
    "recipe_broken",
    `the recipe wrote ${JSON.stringify(proof)}; expected ${recipe.digest} for ${arch}`,
  );
}

/** How many bytes the files of a root are, by where they are; the largest first. */
export async function largest(root: string, count: number): Promise<{ path: string; bytes: number }[]> {
  const list = await run("du", [
    "--apparent-size",
    "--block-size=1",
    "--max-depth=4",
    "--all",
    "--one-file-system",
    root,
  ]);
  const lines = list
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
  return lines
    .map(([bytes = "0", path = ""]) => ({ path: path.slice(root.length) || "/", bytes: Number(bytes) }))
    .filter(({ path }) => path !== "/")
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, count);
}
