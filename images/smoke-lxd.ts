/** LXD for a smoke test, through its own client. */

import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FaultError } from "@haversack/base";
import { names, parseArch } from "./arch.ts";
import type { BuildRecord } from "./records.ts";
import { run } from "./run.ts";
import type { Container } from "./smoke-checks.ts";
import { orNothing, runFolder } from "./smoke-docker.ts";

export function lxdEngine(socket: string) {
  const env = { LXD_DIR: dirname(socket), HOME: "/tmp" };
  const lxc: Lxc = (args, isTidying = false) => run("lxc", args, { env, isTidying });
  return {
    answers: () =>
      lxc(["query", "/1.0"]).then(
        () => true,
        () => false,
      ),
    /** The fingerprint must be the sha256 of the file. Answers that of what can be started. */
    async load(file: string, { arch, lxd, stamp }: BuildRecord): Promise<string> {
      // It refuses what it has; what counts is what it answers afterwards.
      const refused = await lxc(["image", "import", file, "local:"]).then(
        () => undefined,
        (error: unknown) => error,
      );
      const answer = await lxc(["query", `/1.0/images/${lxd.sha256}`]).catch((error: unknown) => {
        throw refused ?? error;
      });
      const found = JSON.parse(answer) as {
        fingerprint: string;
        properties: Record<string, string>;
      };
      if (found.fingerprint === lxd.sha256 && found.properties["haversack.stamp"] === stamp) {
        return arch === process.arch ? lxd.sha256 : await disguised(lxc, lxd.sha256, file);
      }
      const message = `the image is ${JSON.stringify(found)}; expected ${lxd.sha256} of ${stamp}`;
      throw new FaultError("corrupt", "smoke_failed", message);
    },
    /** Unprivileged, without nesting. */
    async start(image: string, pack: Uint8Array, name: string): Promise<Container> {
      const folder = await runFolder(pack);
      return await orNothing(container(lxc, name, folder), async () => {
        await prepare(lxc, image, name, folder, [halt]);
        await lxc(["start", name]);
      });
    },
    /** The build path: as root of the container, without a network, from downloads that are put there before. */
    async provision(bare: string, parts: ProvisionParts): Promise<Container> {
      const { pack, name, recipe, downloads } = parts;
      const image = await importBare(lxc, bare);
      const folder = await runFolder(pack);
      return await orNothing(container(lxc, name, folder, image), async () => {
        await prepare(lxc, image, name, folder, [halt, `lxc.init.cmd = /bin/sh ${inside}/wait.sh`]);
        const wait = fileURLToPath(new URL("wait.sh", import.meta.url));
        await lxc(["file", "push", "--create-dirs", wait, `${name}${inside}/wait.sh`]);
        await lxc(["file", "push", recipe, `${name}${inside}/recipe.sh`]);
        await pushDownloads(lxc, name, downloads);
        await lxc(["start", name]);
        await lxc(["exec", name, "--", "tar", "-C", "/", "-xf", `${inside}/downloads.tar`]);
        await lxc(["exec", name, "--", "/bin/sh", `${inside}/recipe.sh`]);
      });
    },
    async removeImage(image: string): Promise<void> {
      await lxc(["image", "delete", image], true).catch(() => "");
    },
  };
}

/** @param isTidying it removes what was made */
type Lxc = (args: readonly string[], isTidying?: boolean) => Promise<string>;

export interface ProvisionParts {
  readonly pack: Uint8Array;
  readonly name: string;
  /** Paths; downloads by sha256. */
  readonly recipe: string;
  readonly downloads: ReadonlyMap<string, string>;
}

const inside = "/var/lib/haversack";
const halt = "lxc.signal.halt = SIGTERM";

/** A container that is not started. @param folder its `/run/haversack` */
async function prepare(
  lxc: Lxc,
  image: string,
  name: string,
  folder: string,
  lines: readonly string[],
): Promise<void> {
  const env = ["environment.HAVERSACK_REHEARSAL=1", "environment.HAVERSACK_WAIT=start"];
  const settings = [...env, `raw.lxc=${lines.join("\n")}`];
  await lxc(["init", image, name, ...settings.flatMap((each) => ["--config", each])]);
  const run = ["run", "disk", `source=${folder}`, "path=/run/haversack", "readonly=true"];
  await lxc(["config", "device", "add", name, ...run]);
  // A card that leads nowhere: without any, loopback stays down.
  await lxc(["config", "device", "add", name, "none0", "nic", "nictype=p2p", "name=none0"]);
}

const machine = () => names[parseArch("host")].machine;

/**
 * LXD starts nothing of another architecture, though an emulated processor would run it: the same root once more, said
 * to be of this machine. Answers its fingerprint.
 */
async function disguised(lxc: Lxc, fingerprint: string, file: string): Promise<string> {
  await lxc(["image", "delete", fingerprint]);
  const work = await mkdtemp(join(tmpdir(), "haversack-disguised-"));
  try {
    await run("tar", ["--numeric-owner", "-C", work, "-xf", file]);
    const about = JSON.parse(await readFile(join(work, "metadata.yaml"), "utf8")) as object;
    await writeFile(join(work, "metadata.yaml"), JSON.stringify({ ...about, architecture: machine() }));
    const again = join(work, "again.tar");
    await run("tar", ["--numeric-owner", "-C", work, "-cf", again, "metadata.yaml", "rootfs"]);
    return fingerprintIn(await lxc(["image", "import", again, "local:"]));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Answers its fingerprint. */
async function importBare(lxc: Lxc, bare: string): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), "haversack-bare-"));
  try {
    const about = { architecture: machine(), creation_date: 1, properties: { os: "debian" } };
    await writeFile(join(work, "metadata.yaml"), JSON.stringify(about));
    const description = join(work, "metadata.tar");
    await run("tar", ["-C", work, "-cf", description, "metadata.yaml"]);
    return fingerprintIn(await lxc(["image", "import", description, bare, "local:"]));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function fingerprintIn(said: string): string {
  const [fingerprint] = /[0-9a-f]{64}/.exec(said) ?? [];
  if (fingerprint !== undefined) return fingerprint;
  throw new FaultError("corrupt", "smoke_failed", `lxc image import said ${JSON.stringify(said)}`);
}

/** As one file: there are more than a hundred. */
async function pushDownloads(lxc: Lxc, name: string, downloads: ReadonlyMap<string, string>): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "haversack-downloads-"));
  try {
    const cache = join(work, "var/cache/haversack");
    await mkdir(cache, { recursive: true });
    for (const [sha256, file] of downloads) await symlink(file, join(cache, sha256));
    const packed = join(work, "downloads.tar");
    const owned = ["--owner=0", "--group=0", "--mode=u=rwX,go=rX"];
    await run("tar", ["-C", work, ...owned, "-hcf", packed, "var/cache/haversack"]);
    await lxc(["file", "push", packed, `${name}${inside}/downloads.tar`]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function container(lxc: Lxc, name: string, folder: string, image?: string): Container {
  return {
    exec: (argv) => lxc(["exec", name, "--user", "10001", "--group", "10001", "--", ...argv]),
    async stop() {
      const begun = performance.now();
      await lxc(["stop", name, "--timeout", "10"]);
      return { exitCode: undefined, ms: performance.now() - begun };
    },
    async remove() {
      await lxc(["delete", "--force", name], true).catch(() => "");
      if (image !== undefined) await lxc(["image", "delete", image], true).catch(() => "");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
