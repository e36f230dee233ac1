/** Finds the container engine that a worker is to use. Nothing is looked for unless somebody asks for one. */

import { stat } from "node:fs/promises";
import { type Clock, FaultError } from "@haversack/base";
import type { Runtime } from "./runtime.ts";

export const engineNames = ["docker", "podman", "lxd", "incus"] as const;
export type EngineName = (typeof engineNames)[number];

export interface EngineChoice {
  /** Absent: the first whose socket is there. */
  readonly engine?: EngineName;
  /** A path, or for Docker and Podman `unix:///PATH` or `tcp://HOST:PORT`; absent: where it usually is. */
  readonly socket?: string;
}

export interface EngineSurroundings {
  readonly clock: Clock;
  /** Of these, `DOCKER_HOST`, `XDG_RUNTIME_DIR` and `LXD_DIR` count. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Place {
  readonly engine: EngineName;
  readonly socket: string;
}

/** Rejects `invalid` when there is none where it was looked for. Does not ask it anything yet. */
export async function openRuntime(choice: EngineChoice, surroundings: EngineSurroundings): Promise<Runtime> {
  const { engine, socket } = await findEngine(choice, surroundings.env);
  if (engine === "docker" || engine === "podman") {
    const { openDockerRuntime } = await import("./docker/docker-runtime.ts");
    const host = socket.startsWith("/") ? `unix://${socket}` : socket;
    return await openDockerRuntime({ host, clock: surroundings.clock });
  }
  const { openLxd } = await import("./lxd/lxd-runtime.ts");
  return openLxd(socket, surroundings.clock);
}

/** Which engine, and its socket. */
export async function findEngine(
  { engine, socket }: EngineChoice,
  env: EngineSurroundings["env"],
): Promise<Place> {
  const places = usualPlaces(env).filter((place) => engine === undefined || place.engine === engine);
  if (socket !== undefined) return { engine: engine ?? engineOfSocket(socket, places), socket };
  for (const place of places) {
    if (!place.socket.startsWith("/") || (await isSocket(place.socket))) return place;
  }
  const looked = places.map((place) => place.socket).join(", ");
  const message = `there is no container engine${engine === undefined ? "" : ` ${engine}`}: looked for ${looked}; start it, or name its socket`;
  throw new FaultError("invalid", "no_engine", message);
}

/** In the order in which they are tried. `DOCKER_HOST` may lead to either of the two that speak its interface. */
function usualPlaces(env: EngineSurroundings["env"]): readonly Place[] {
  const host = env["DOCKER_HOST"] ?? "";
  const own = env["XDG_RUNTIME_DIR"] ?? "";
  const lxd = env["LXD_DIR"] ?? "";
  const given =
    host === ""
      ? []
      : [
          { engine: "docker", socket: host },
          { engine: "podman", socket: host },
        ];
  return [
    ...given,
    { engine: "docker", socket: "/var/run/docker.sock" },
    { engine: "podman", socket: "/run/podman/podman.sock" },
    ...(own === "" ? [] : [{ engine: "podman", socket: `${own}/podman/podman.sock` }]),
    { engine: "incus", socket: "/var/lib/incus/unix.socket" },
    ...(lxd === "" ? [] : [{ engine: "lxd", socket: `${lxd}/unix.socket` }]),
    { engine: "lxd", socket: "/var/snap/lxd/common/lxd/unix.socket" },
    { engine: "lxd", socket: "/var/lib/lxd/unix.socket" },
  ] as Place[];
}

/** A socket in an unusual place tells by its name. */
function engineOfSocket(socket: string, places: readonly Place[]): EngineName {
  const usual = places.find((place) => place.socket === socket);
  if (usual !== undefined) return usual.engine;
  const named = (["podman", "incus", "lxd"] as const).find((name) => socket.includes(name));
  return named ?? "docker";
}

async function isSocket(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isSocket(),
    () => false,
  );
}
