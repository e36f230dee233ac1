/**
 * Writes `lock.json`: asks apt, in a root of its own for each architecture, what a bare Debian and the packages of the
 * recipe are today, and takes down name, version, size and sha256 of each. Checked by the archive's signatures.
 */

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FaultError } from "@haversack/base";
import { type Arch, arches, names } from "./arch.ts";
import { type LockedPackage, type LockFile, type RecipeFile, readRecipeFile } from "./recipe.ts";
import { run } from "./run.ts";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** @param work an empty folder. */
export async function writeLock(work: string): Promise<LockFile> {
  const file = await readRecipeFile();
  const lock = {
    debian: { arm64: await debian("arm64", file, work), x64: await debian("x64", file, work) },
    node: { arm64: await node("arm64", file, work), x64: await node("x64", file, work) },
  };
  await writeFile(new URL("lock.json", import.meta.url), print(lock));
  return lock;
}

/** One package a line, so that a change is one line of a review. */
function print(lock: LockFile): string {
  const list = (packages: readonly LockedPackage[]) =>
    packages.map((each) => `      ${JSON.stringify(each)}`).join(",\n");
  const debianText = arches.map((arch) => `    "${arch}": [\n${list(lock.debian[arch])}\n    ]`).join(",\n");
  const nodeText = arches.map((arch) => `    "${arch}": ${JSON.stringify(lock.node[arch])}`).join(",\n");
  return `{\n  "debian": {\n${debianText}\n  },\n  "node": {\n${nodeText}\n  }\n}\n`;
}

async function debian(arch: Arch, file: RecipeFile, work: string): Promise<LockedPackage[]> {
  const apt = await aptRoot(join(work, `apt-${arch}`), arch, file);
  await run("apt-get", [...apt, "update"], { isShown: true });
  const wanted = ["?essential", "?priority(required)", "apt", ...file.packages];
  const uris = await run("apt-get", [
    ...apt,
    "install",
    "-qq",
    "--print-uris",
    "--no-install-recommends",
    ...wanted,
  ]);
  const found = uris
    .trim()
    .split("\n")
    .map((line) => /\/(debian|debian-security)\/(pool\/\S+)' (\S+)_(\S+)_(\S+)\.deb/.exec(line));
  const packages: LockedPackage[] = [];
  for (const match of found) {
    const [, , , name = "", version = ""] = match ?? [];
    if (name === "")
      throw new FaultError("bug", "lock_failed", `apt answered what was not expected:\n${uris}`);
    const record = await run("apt-cache", [
      ...apt,
      "show",
      "--no-all-versions",
      `${name}=${decodeURIComponent(version)}`,
    ]);
    packages.push(fromRecord(record));
  }
  return packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function fromRecord(record: string): LockedPackage {
  const field = (name: string) => {
    const value = new RegExp(`^${name}: (.*)$`, "m").exec(record)?.[1];
    if (value === undefined)
      throw new FaultError("bug", "lock_failed", `a package has no ${name}:\n${record}`);
    return value;
  };
  return {
    name: field("Package"),
    version: field("Version"),
    arch: field("Architecture"),
    sha256: field("SHA256"),
    size: Number(field("Size")),
    path: field("Filename"),
  };
}

/** Arguments that make apt look at nothing but this folder. */
async function aptRoot(root: string, arch: Arch, { mirrors, suite }: RecipeFile): Promise<string[]> {
  await rm(root, { recursive: true, force: true });
  const folders = ["etc/apt/preferences.d", "etc/apt/apt.conf.d", "etc/apt/sources.list.d", "var/lib/dpkg"];
  for (const folder of [...folders, "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"]) {
    await mkdir(join(root, folder), { recursive: true });
  }
  const status = join(root, "var/lib/dpkg/status");
  await writeFile(status, "");
  await writeFile(
    join(root, "etc/apt/sources.list"),
    sourcesList(mirrors[0] ?? "", suite, ` [signed-by=${keyring}]`),
  );
  const { debian: name } = names[arch];
  const settings = {
    Dir: root,
    "Dir::State::status": status,
    "APT::Architecture": name,
    "APT::Architectures": name,
  };
  const common = ["-o", "Acquire::Languages=none", "-o", "APT::Sandbox::User=root"];
  return [...Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]), ...common];
}

export function sourcesList(mirror: string, suite: string, options = ""): string {
  const [archive, security] = ["debian", "debian-security"].map((name) => mirror.replace("%a", name));
  const places = [`${archive} ${suite}`, `${archive} ${suite}-updates`, `${security} ${suite}-security`];
  return places.map((place) => `deb${options} ${place} main\n`).join("");
}

/** npm's own client fetches it and compares it with the registry's checksum; the lock of this repository must agree. */
async function node(arch: Arch, file: RecipeFile, work: string): Promise<LockFile["node"]["x64"]> {
  const name = `node-linux-${arch}`;
  const answer = await run("npm", ["pack", "--json", `${name}@${file.node}`], {
    cwd: work,
    env: { ...npmEnvironment(), HOME: process.env["HOME"] ?? work },
  });
  const [packed] = JSON.parse(answer) as { filename: string; integrity: string }[];
  if (packed === undefined) throw new FaultError("bug", "lock_failed", `npm pack answered ${answer}`);
  const { packages } = JSON.parse(
    await readFile(new URL("../package-lock.json", import.meta.url), "utf8"),
  ) as {
    packages: Record<string, { integrity: string; license: string }>;
  };
  const known = packages[`node_modules/${name}`];
  if (known?.integrity !== packed.integrity) {
    const message = `${name}@${file.node} is ${packed.integrity}, and package-lock.json says ${known?.integrity}; images/recipe.json must name the Node of package.json`;
    throw new FaultError("corrupt", "lock_failed", message);
  }
  const bytes = await readFile(join(work, packed.filename));
  return {
    path: `${name}/-/${name}-${file.node}.tgz`,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    size: bytes.length,
    license: known.license,
  };
}

/** What an npm behind a proxy needs. */
export function npmEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(npm_config_|https?_proxy$|no_proxy$|NODE_EXTRA_CA_CERTS$)/i.test(name),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""]));
}
