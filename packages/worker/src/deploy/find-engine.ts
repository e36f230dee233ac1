/** Where the container engine of this host listens. */

import { stat } from "node:fs/promises";
import type { DeploySettings, EngineName } from "../config/deploy-settings.ts";

export interface EnginePlace {
  readonly name: Exclude<EngineName, "auto">;
  /** Path of a unix socket. */
  readonly socket: string;
}

type Named = EnginePlace["name"];

const usual: Readonly<Record<Named, readonly string[]>> = {
  docker: ["/var/run/docker.sock", "/run/docker.sock"],
  podman: ["/run/podman/podman.sock"],
  incus: ["/var/lib/incus/unix.socket", "/run/incus/unix.socket"],
  lxd: ["/var/lib/lxd/unix.socket", "/var/snap/lxd/common/lxd/unix.socket"],
};
const order: readonly Named[] = ["docker", "podman", "incus", "lxd"];

/** The first socket that is there; where none is, the usual place: its engine may start later. Asks no engine. */
export async function findEngine(
  { engine, socket }: Pick<DeploySettings, "engine" | "socket">,
  hostEnv: ReadonlyMap<string, string>,
): Promise<EnginePlace> {
  const names = engine === "auto" ? order : [engine];
  const places = names.flatMap((name) =>
    (socket === undefined ? socketsOf(name, hostEnv) : [socket]).map((path) => ({ name, socket: path })),
  );
  for (const place of places) if (await isSocket(place.socket)) return place;
  const [first] = places;
  return first ?? { name: "docker", socket: "/var/run/docker.sock" };
}

function socketsOf(name: Named, hostEnv: ReadonlyMap<string, string>): readonly string[] {
  const told = hostEnv.get("DOCKER_HOST") ?? "";
  if (name === "docker" && told.startsWith("unix:///")) return [told.slice("unix://".length)];
  const own = hostEnv.get("XDG_RUNTIME_DIR") ?? "";
  // An engine without root, of the user who runs the worker.
  const rootless = own.startsWith("/") ? `${own}/podman/podman.sock` : "";
  return name === "podman" && rootless !== "" ? [...usual.podman, rootless] : usual[name];
}

const isSocket = async (path: string): Promise<boolean> =>
  await stat(path).then(
    (info) => info.isSocket(),
    () => false,
  );
