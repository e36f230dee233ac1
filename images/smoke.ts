/**
 * Starts what was exported, on each engine that is there, as production starts it; then builds a plain Debian by the
 * same recipe and looks for the same things. What passed is written down by sha256, for `publish` to ask for.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FaultError } from "@haversack/base";
import type { Arch } from "./arch.ts";
import { type Recipe, readLock, readRecipeFile } from "./recipe.ts";
import {
  type BuildRecord,
  bareName,
  type FileRecord,
  readRecord,
  recordName,
  type SmokeRecord,
  smokeName,
  writeRecord,
} from "./records.ts";
import { smokePack } from "./smoke-agent.ts";
import { type Container, checkContainer } from "./smoke-checks.ts";
import { dockerEngine } from "./smoke-docker.ts";
import { lxdEngine } from "./smoke-lxd.ts";

export interface SmokeOptions {
  readonly arch: Arch;
  readonly out: string;
  readonly cache: string;
  readonly stamp: string;
  /** Such as `docker=/run/docker.sock`; none: the usual ones. */
  readonly engines: readonly string[];
  readonly must: readonly string[];
  readonly tell: (line: string) => void;
}

const usual = [
  "docker=/var/run/docker.sock",
  "podman=/run/podman/podman.sock",
  "lxd=/var/snap/lxd/common/lxd/unix.socket",
];

interface Tried {
  readonly record: BuildRecord;
  readonly recipe: Pick<Recipe, "file" | "lock">;
  readonly pack: Uint8Array;
}

/** Throws FaultError `smoke_failed`, `engine_missing`. */
export async function smoke(options: SmokeOptions): Promise<void> {
  const { arch, out, stamp, tell } = options;
  const record = await readRecord<BuildRecord>(join(out, recordName(stamp, arch)));
  if (record === undefined)
    throw new FaultError(
      "missing",
      "not_built",
      `there is no build of ${stamp} for ${arch} in ${out}; run build first`,
    );
  const tried = {
    record,
    recipe: { file: await readRecipeFile(), lock: await readLock() },
    pack: smokePack(),
  };
  const engines = (options.engines.length > 0 ? options.engines : usual).map(parseEngine);
  const passed: SmokeRecord["passed"][number][] = [];
  const there = new Set<string>();
  for (const { name, socket } of engines) {
    const file = await (name === "lxd"
      ? onLxd(socket, tried, options)
      : onDocker(name, socket, tried, options));
    if (file === undefined) {
      tell(`${name}: does not answer at ${socket}; not tried`);
      continue;
    }
    there.add(name);
    passed.push({ engine: name, name: file.name, sha256: file.sha256 });
  }
  const absent = options.must.filter((name) => !there.has(name));
  if (absent.length > 0)
    throw new FaultError(
      "unavailable",
      "engine_missing",
      `${absent.join(", ")} must be tried and did not answer`,
    );
  if (passed.length === 0)
    throw new FaultError(
      "unavailable",
      "engine_missing",
      "no engine answers, so nothing was tried; start one and name it with --engine docker=SOCKET",
    );
  await writeRecord(join(out, smokeName(stamp, arch)), {
    arch,
    stamp,
    passed: await withEarlier(passed, record, out),
  });
}

/** What passed in another run, on another engine, counts as long as the files are the same. */
async function withEarlier(
  passed: SmokeRecord["passed"],
  { stamp, arch, images }: BuildRecord,
  out: string,
): Promise<SmokeRecord["passed"]> {
  const before = await readRecord<SmokeRecord>(join(out, smokeName(stamp, arch)));
  const still = (before?.passed ?? []).filter(
    ({ engine, sha256 }) =>
      passed.every((each) => each.engine !== engine) && images.some((image) => image.sha256 === sha256),
  );
  return [...still, ...passed];
}

function parseEngine(text: string): { name: string; socket: string } {
  const [, name = "", socket = ""] = /^(docker|podman|lxd)=(?:unix:\/\/)?(\/.*)$/.exec(text) ?? [];
  if (name !== "") return { name, socket };
  throw new FaultError(
    "invalid",
    "bad_option",
    `--engine ${text}: expected docker=SOCKET, podman=SOCKET or lxd=SOCKET`,
  );
}

/** Undefined: it does not answer. */
async function onDocker(
  name: string,
  socket: string,
  tried: Tried,
  options: SmokeOptions,
): Promise<FileRecord | undefined> {
  const engine = dockerEngine(socket);
  if (!(await engine.answers())) return undefined;
  const { record, pack } = tried;
  const { tell, out } = options;
  const image = await engine.load(join(out, record.oci.name), record);
  try {
    tell(
      `${name}, image path: ${await passes(await engine.start(image, pack, nameOf(record, "image")), tried)}`,
    );
    const parts = {
      pack,
      name: nameOf(record, "build"),
      recipe: join(out, sharedFile(record, ".recipe.sh").name),
      downloads: await seeds(tried, options),
    };
    tell(
      `${name}, build path: ${await passes(await engine.provision(join(out, bareName(record.stamp, record.arch)), parts), tried)}`,
    );
  } finally {
    await engine.removeImage(image);
  }
  return record.oci;
}

async function onLxd(socket: string, tried: Tried, options: SmokeOptions): Promise<FileRecord | undefined> {
  const engine = lxdEngine(socket);
  if (!(await engine.answers())) return undefined;
  const { record, pack } = tried;
  const { out, tell } = options;
  const image = await engine.load(join(out, record.lxd.name), record);
  try {
    tell(`lxd, image path: ${await passes(await engine.start(image, pack, nameOf(record, "image")), tried)}`);
    const parts = {
      pack,
      name: nameOf(record, "build"),
      recipe: join(out, sharedFile(record, ".recipe.sh").name),
      downloads: new Map([...packageSeeds(tried, options), ...(await seeds(tried, options))]),
    };
    const bare = join(out, bareName(record.stamp, record.arch));
    tell(`lxd, build path: ${await passes(await engine.provision(bare, parts), tried)}`);
  } finally {
    await engine.removeImage(image);
  }
  return record.lxd;
}

const nameOf = ({ arch }: BuildRecord, path: string) => `haversack-smoke-${arch}-${path}-${process.pid}`;

async function passes(container: Container, { record, recipe }: Tried): Promise<string> {
  try {
    return await checkContainer(container, { arch: record.arch, recipe, digest: record.recipe });
  } finally {
    await container.remove();
  }
}

function sharedFile({ shared }: BuildRecord, end: string): FileRecord {
  const found = shared.find(({ name }) => name.endsWith(end));
  if (found === undefined) throw new FaultError("missing", "not_built", `the build has no file *${end}`);
  return found;
}

/** For a container that reaches no mirror. */
const packageSeeds = ({ record, recipe }: Tried, { cache }: SmokeOptions) =>
  recipe.lock.debian[record.arch].map(({ sha256 }) => [sha256, join(cache, sha256)] as const);

/** What is not to be had before the release is there, and what is large; the packages come from the mirrors. */
async function seeds({ record, recipe }: Tried, { out, cache }: SmokeOptions): Promise<Map<string, string>> {
  const runtime = sharedFile(record, "-runtime.tar.gz");
  const node = recipe.lock.node[record.arch].sha256;
  const text = await readFile(join(out, sharedFile(record, ".recipe.sh").name), "utf8");
  if (!text.includes(runtime.sha256))
    throw new FaultError(
      "corrupt",
      "smoke_failed",
      "the recipe names another agent runtime than the one beside it",
    );
  return new Map([
    [runtime.sha256, join(out, runtime.name)],
    [node, join(cache, node)],
  ]);
}
