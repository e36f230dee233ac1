/**
 * The agent runtime: the sources that the agent server loads, and no others, beside the packages that they import, and
 * theirs. One archive for both architectures: nothing in it is compiled. Sources stand outside `node_modules`, where
 * Node would not strip their types.
 */

import { cp, mkdir, readFile, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { FaultError } from "@haversack/base";
import { hashOf } from "./fetch.ts";
import { npmEnvironment } from "./lock.ts";
import { run } from "./run.ts";
import { packTar } from "./tar.ts";

export interface PackedRuntime {
  readonly file: string;
  readonly sha256: string;
  readonly size: number;
  /** Of npm, in the order of their names. */
  readonly packages: readonly NpmPackage[];
}

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
  readonly license: string;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const program = "packages/worker/src/agent/serve/main.ts";
/** What a package brings for people and compilers. */
const notLoaded =
  /\.(?:map|md|markdown|ts|mts|cts|tsx|flow|txt|html|ya?ml)$|(?:^|\/)(?:test|tests|__tests__|docs|examples?|\.github)$/i;
const isLicense = /(?:licen[cs]e|notice|copying)[^/]*$/i;

/** @param work an empty folder. @param file where the archive goes. */
export async function packRuntime(work: string, file: string, epochSeconds: number): Promise<PackedRuntime> {
  const { sources, externals } = await closure();
  const installed = join(work, "installed");
  await install(installed);
  const stage = join(work, "stage");
  const folders = await packageFolders(installed, externals);
  for (const source of sources) await copy(join(root, source), join(stage, source));
  await copy(join(root, "LICENSE"), join(stage, "LICENSE"));
  await cp(new URL("rootfs/bin", import.meta.url), join(stage, "bin"), { recursive: true });
  await linkOwn(stage, sources);
  for (const folder of folders) await copyPackage(join(installed, folder), join(stage, folder));
  await packTar({ folder: stage, file, epochSeconds, compress: "gzip", isOwnedByRoot: true });
  const bytes = await readFile(file);
  return { file, sha256: hashOf(bytes), size: bytes.length, packages: await described(folders) };
}

/** Paths of our sources from the root of the repository, and the names of packages that they import at run time. */
async function closure(): Promise<{ sources: string[]; externals: Set<string> }> {
  const seen = new Set<string>();
  const externals = new Set<string>();
  const queue = [program];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const target of importsOf(await readFile(join(root, path), "utf8"))) {
      const own = /^@haversack\/(\w+)$/.exec(target)?.[1];
      if (target.startsWith("node:")) continue;
      else if (target.startsWith(".")) queue.push(join(dirname(path), target));
      else if (own !== undefined) queue.push(`packages/${own}/src/index.ts`);
      else externals.add(packageOf(target));
    }
  }
  return { sources: [...seen].toSorted(), externals };
}

/** Statements of types alone vanish when Node strips them. */
function importsOf(text: string): string[] {
  const code = text.replaceAll(/\/\*[^]*?\*\//g, "");
  const statements = /^(?:import|export)\s(?!type\s)(?:[^;"]*?\sfrom\s+)?"([^"]+)"/gm;
  const files = /new URL\(\s*"(\.[^"]+\.ts)",\s*import\.meta\.url/g;
  const calls = /\bimport\(\s*"([^"]+)"/g;
  return [statements, files, calls].flatMap((pattern) =>
    [...code.matchAll(pattern)].map(([, target = ""]) => target),
  );
}

const packageOf = (target: string) =>
  target
    .split("/")
    .slice(0, target.startsWith("@") ? 2 : 1)
    .join("/");

/** All that our packages need when they run, as npm puts it and checks it by the lock file. */
async function install(folder: string): Promise<void> {
  const manifests = ["package.json", "package-lock.json"];
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as PackageLock;
  const own = Object.keys(lock.packages).filter((path) => /^packages\/[^/]+$/.test(path));
  for (const path of [...manifests, ...own.map((each) => `${each}/package.json`)]) {
    await copy(join(root, path), join(folder, path));
  }
  const omit = ["--omit=dev", "--omit=optional", "--omit=peer"];
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", ["ci", ...omit, ...quiet, "--workspace=@haversack/worker"], {
    cwd: folder,
    env: { ...npmEnvironment(), HOME: process.env["HOME"] ?? folder },
  });
}

interface PackageLock {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly version: string;
        readonly integrity?: string;
        readonly license?: string;
        readonly dependencies?: object;
      }
    >
  >;
}

/** Folders below the root of the installation that the packages need, themselves included. */
async function packageFolders(installed: string, names: ReadonlySet<string>): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(installed, "package-lock.json"), "utf8")) as PackageLock;
  const found = new Set<string>();
  const queue = [...names].map((name) => ({ name, from: "" }));
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const folder = resolve(lock, next.name, next.from);
    if (found.has(folder)) continue;
    found.add(folder);
    queue.push(
      ...Object.keys(lock.packages[folder]?.dependencies ?? {}).map((name) => ({ name, from: folder })),
    );
  }
  return [...found].toSorted();
}

/** As Node looks: beside the one that asks, then further up. */
function resolve({ packages }: PackageLock, name: string, from: string): string {
  for (let at = from; ; at = dirname(at)) {
    const folder = at === "" || at === "." ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[folder] !== undefined) return folder;
    if (at === "" || at === ".")
      throw new FaultError(
        "bug",
        "runtime_failed",
        `package-lock.json has no ${name}, which ${from || "the runtime"} imports`,
      );
  }
}

async function copyPackage(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    filter: (path) => {
      const inside = relative(from, path);
      return (
        inside === "" || (inside !== "node_modules" && (!notLoaded.test(inside) || isLicense.test(inside)))
      );
    },
  });
}

/** Our packages import each other by name. */
async function linkOwn(stage: string, sources: readonly string[]): Promise<void> {
  const own = new Set(sources.map((path) => path.split("/")[1] ?? ""));
  await mkdir(join(stage, "node_modules/@haversack"), { recursive: true });
  for (const name of own) {
    await copy(join(root, "packages", name, "package.json"), join(stage, "packages", name, "package.json"));
    await symlink(`../../packages/${name}`, join(stage, "node_modules/@haversack", name));
  }
}

async function described(folders: readonly string[]): Promise<NpmPackage[]> {
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as PackageLock;
  return folders.map((folder) => {
    const { version = "", integrity = "", license = "NOASSERTION" } = lock.packages[folder] ?? {};
    return { name: folder.slice(folder.lastIndexOf("node_modules/") + 13), version, integrity, license };
  });
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to);
}
