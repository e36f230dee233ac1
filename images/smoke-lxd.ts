/** LXD for a smoke test, through its own client. */

import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { FaultError } from "@haversack/base";
import type { BuildRecord } from "./records.ts";
import { run } from "./run.ts";
import type { Container } from "./smoke-checks.ts";
import { runFolder } from "./smoke-docker.ts";

export function lxdEngine(socket: string) {
  const env = { LXD_DIR: dirname(socket), HOME: "/tmp" };
  const lxc = (args: readonly string[]) => run("lxc", args, { env });
  return {
    answers: () =>
      lxc(["query", "/1.0"]).then(
        () => true,
        () => false,
      ),
    /** Answers the fingerprint, which must be the sha256 of the file. */
    async load(file: string, { lxd, stamp }: BuildRecord): Promise<string> {
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
      if (found.fingerprint === lxd.sha256 && found.properties["haversack.stamp"] === stamp)
        return lxd.sha256;
      throw new FaultError(
        "corrupt",
        "smoke_failed",
        `the image is ${JSON.stringify(found)}; expected ${lxd.sha256} of ${stamp}`,
      );
    },
    /** Unprivileged, without nesting. */
    async start(image: string, pack: Uint8Array, name: string): Promise<Container> {
      const folder = await runFolder(pack);
      const settings = [
        "environment.HAVERSACK_REHEARSAL=1",
        "environment.HAVERSACK_WAIT=start",
        "raw.lxc=lxc.signal.halt = SIGTERM",
      ];
      await lxc(["init", image, name, ...settings.flatMap((each) => ["--config", each])]);
      await lxc([
        "config",
        "device",
        "add",
        name,
        "run",
        "disk",
        `source=${folder}`,
        "path=/run/haversack",
        "readonly=true",
      ]);
      // A card that leads nowhere: without any, loopback stays down.
      await lxc(["config", "device", "add", name, "none0", "nic", "nictype=p2p", "name=none0"]);
      await lxc(["start", name]);
      return {
        exec: (argv) => lxc(["exec", name, "--user", "10001", "--group", "10001", "--", ...argv]),
        async stop() {
          const begun = performance.now();
          await lxc(["stop", name, "--timeout", "10"]);
          return { exitCode: undefined, ms: performance.now() - begun };
        },
        async remove() {
          await lxc(["delete", "--force", name]).catch(() => "");
          await rm(folder, { recursive: true, force: true });
        },
      };
    },
    async removeImage(image: string): Promise<void> {
      await lxc(["image", "delete", image]).catch(() => "");
    },
  };
}
