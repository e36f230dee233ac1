/**
 * LXD 5 and Incus, through their REST interface over a unix socket. Files below:
 *   lxd-client      answers, faults (lxd-faults), operations; http-over-socket and lxd-socket carry them
 *   lxd-images      identity by fingerprint, import, list, remove
 *   lxd-containers  the life of a container (create-instance makes one): instance-of (pure) asks, view-of (pure) reads; raw-lxc and start-line are what
 *                   the engine has no keys for; surroundings is what the host gives
 *   lxd-exec, lxd-files, lxd-logs, lxd-watch
 */

import { dirname } from "node:path";
import type { Clock } from "@haversack/base";
import type { Runtime, RuntimeInfo } from "../runtime.ts";
import { archOf, serverForm } from "./answers.ts";
import { type LxdClient, lxdClient } from "./lxd-client.ts";
import { lxdContainers } from "./lxd-containers.ts";
import { execInLxd } from "./lxd-exec.ts";
import { putFiles } from "./lxd-files.ts";
import { lxdImages } from "./lxd-images.ts";
import { lxdLogs } from "./lxd-logs.ts";
import { watchLxd } from "./lxd-watch.ts";
import { poolAndDriver } from "./surroundings.ts";

/** @param socket path of the engine's unix socket, such as `/var/lib/incus/unix.socket`. Nothing is asked yet. */
export function openLxd(socket: string, clock: Clock): Runtime {
  const client = lxdClient(socket);
  const containers = lxdContainers(client, clock, {
    started: (instance) => logs.started(instance),
    forget: (instance) => logs.forget(instance),
  });
  const logs = lxdLogs(client, clock, async (id, signal) => {
    const view = await containers.inspect(id, signal);
    return view === undefined ? undefined : view.state === "running";
  });
  return {
    describe: (signal) => describe(client, signal),
    ...lxdImages(client),
    ...containers,
    putFiles: (id, files, signal) => putFiles(client, id, files, signal),
    logs: (id, options, signal) => logs.read(id, options, signal),
    exec: (id, command, signal) => execInLxd(client, id, command, signal),
    watch: (onChange, signal) => watchLxd(socket, clock, onChange, signal),
    close: async () => {},
  };
}

/** Drivers that give each container a folder of its own, copied. */
const copying = new Set(["dir", "cephfs"]);

async function describe(client: LxdClient, signal: AbortSignal): Promise<RuntimeInfo> {
  const { environment, config } = serverForm.parse(await client.get("/1.0", {}, signal));
  const { driver } = await poolAndDriver(client, signal);
  // Both the files of images and what it writes while it takes one, unless its operator moved them to a volume.
  const isMoved = config["storage.images_volume"] !== undefined;
  return {
    kind: "lxd",
    version: environment.server_version,
    arch: archOf(environment.kernel_architecture ?? environment.architectures[0] ?? "unknown"),
    imageFile: "lxd",
    canPull: false,
    pullProgress: "none",
    restarts: false,
    exitCodes: false,
    copyOnWrite: !copying.has(driver),
    ...(isMoved ? {} : { storeFolder: dirname(client.socket) }),
    spaceToImport: (size, unpacked) => ({ store: size + unpacked, temporary: 0 }),
  };
}
