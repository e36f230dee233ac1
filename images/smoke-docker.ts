/** Docker and Podman for a smoke test, through the client of Docker, which both answer. As production starts containers. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FaultError } from "@haversack/base";
import { names } from "./arch.ts";
import type { BuildRecord } from "./records.ts";
import { type RunOptions, run } from "./run.ts";
import type { Container } from "./smoke-checks.ts";

type Docker = (args: readonly string[], options?: RunOptions) => Promise<string>;

const tidying = { isTidying: true };
const bounds = ["--memory=1g", "--pids-limit=256", "--cap-drop=ALL", "--security-opt=no-new-privileges"];
const recipeNeeds = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETGID", "SETUID"];

export function dockerEngine(socket: string) {
  const docker: Docker = (args, options) => run("docker", ["-H", `unix://${socket}`, ...args], options);
  return {
    answers: () =>
      docker(["version"]).then(
        () => true,
        () => false,
      ),
    /** Answers the image's id, which must be one of the build. */
    async load(file: string, { oci, arch, stamp }: BuildRecord): Promise<string> {
      await docker(["load", "--input", file]);
      const format = '{{.Id}} {{.Architecture}} {{index .Config.Labels "haversack.stamp"}} {{.Config.User}}';
      const inspect = (id: string) => docker(["image", "inspect", "--format", format, id]).catch(() => "");
      // Docker names images by their manifest where containerd keeps them; Podman says an id without its kind.
      const found = (await inspect(oci.imageId)) || (await inspect(oci.manifestDigest)) || "none";
      const about = `${names[arch].oci} ${stamp} 10001:10001`;
      const ids = [oci.imageId, oci.imageId.replace("sha256:", ""), oci.manifestDigest];
      const id = ids.find((each) => found.trim() === `${each} ${about}`);
      if (id !== undefined) return id;
      const message = `the image is ${JSON.stringify(found.trim())}; expected ${oci.imageId} ${about}`;
      throw new FaultError("corrupt", "smoke_failed", message);
    },
    /** The image path: nothing is writable but memory, and nobody is root. */
    async start(image: string, pack: Uint8Array, name: string): Promise<Container> {
      const folder = await runFolder(pack);
      const mounts = [
        "--read-only",
        "--tmpfs=/tmp:mode=1777",
        "--tmpfs=/run",
        `--volume=${folder}:/run/haversack:ro`,
      ];
      const env = ["--env=HAVERSACK_REHEARSAL=1", "--env=HAVERSACK_WAIT=start"];
      const made = container(docker, name, folder);
      const ways = ["--detach", `--name=${name}`, "--network=none", ...bounds, ...mounts, ...env];
      return await orNothing(made, () => docker(["run", ...ways, image]));
    },
    /** The build path: root with what the recipe needs, until process 1 gives it up. Answers when the recipe has ended. */
    async provision(
      bare: string,
      parts: { pack: Uint8Array; name: string; recipe: string; downloads: ReadonlyMap<string, string> },
    ): Promise<Container> {
      const said = await docker(["import", "--change", 'CMD ["/bin/sh"]', bare]);
      // Podman says more than the id.
      const image = said.match(/[0-9a-f]{64}/g)?.at(-1) ?? said.trim();
      const folder = await runFolder(parts.pack);
      const wait = await readFile(new URL("wait.sh", import.meta.url), "utf8");
      const caps = recipeNeeds.map((each) => `--cap-add=${each}`);
      const env = [
        "--env=HAVERSACK_REHEARSAL=1",
        "--env=HAVERSACK_WAIT=start",
        `--volume=${folder}:/run/haversack:ro`,
      ];
      const entry = ["--entrypoint=/bin/sh", image, "-c", wait, "haversack-wait"];
      const made = container(docker, parts.name, folder, image);
      return await orNothing(made, async () => {
        await docker([
          "run",
          "--detach",
          `--name=${parts.name}`,
          "--network=host",
          ...bounds,
          ...caps,
          ...env,
          ...entry,
        ]);
        await docker(["exec", parts.name, "mkdir", "-p", "/var/cache/haversack", "/var/lib/haversack"]);
        for (const [sha256, file] of parts.downloads)
          await docker(["cp", file, `${parts.name}:/var/cache/haversack/${sha256}`]);
        await docker(["cp", parts.recipe, `${parts.name}:/var/lib/haversack/recipe.sh`]);
        await docker(["exec", parts.name, "/bin/sh", "/var/lib/haversack/recipe.sh"]);
      });
    },
    async removeImage(image: string): Promise<void> {
      await docker(["image", "rm", "--force", image], tidying).catch(() => "");
    },
  };
}

/** The container once the work is done; when that fails, or is broken off, nothing is left of it. */
export async function orNothing(made: Container, work: () => Promise<unknown>): Promise<Container> {
  try {
    await work();
    return made;
  } catch (error) {
    await made.remove();
    throw error;
  }
}

/** What a worker would put below /run/haversack. */
export async function runFolder(pack: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "haversack-run-"));
  await run("chmod", ["755", folder]);
  await writeFile(join(folder, "snapshot.pack"), pack, { mode: 0o644 });
  await writeFile(join(folder, "start"), "");
  return folder;
}

function container(docker: Docker, name: string, folder: string, image?: string): Container {
  return {
    exec: (argv) => docker(["exec", "--user=10001:10001", name, ...argv]),
    async stop() {
      const begun = performance.now();
      await docker(["stop", "--time=10", name]);
      const ms = performance.now() - begun;
      return { exitCode: Number(await docker(["inspect", "--format", "{{.State.ExitCode}}", name])), ms };
    },
    async remove() {
      await docker(["rm", "--force", "--volumes", name], tidying).catch(() => "");
      if (image !== undefined) await docker(["image", "rm", "--force", image], tidying).catch(() => "");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
