/** Which container engine a worker is to use, also while there is none: it may start later. */

import { FaultError } from "@haversack/base";
import type { DeploySettings } from "../config/deploy-settings.ts";
import { type EngineName, findEngine } from "../runtime/open-runtime.ts";

export interface EnginePlace {
  readonly name: EngineName;
  /** A path, or an address such as `tcp://HOST:PORT`. */
  readonly socket: string;
}

/** Where each will be, once it is started. */
const usual: Readonly<Record<EngineName, string>> = {
  docker: "/var/run/docker.sock",
  podman: "/run/podman/podman.sock",
  incus: "/var/lib/incus/unix.socket",
  lxd: "/var/lib/lxd/unix.socket",
};

/** The first socket that is there; where none is, the usual place. Asks no engine. */
export async function enginePlace(
  { engine: asked, socket }: Pick<DeploySettings, "engine" | "socket">,
  hostEnv: ReadonlyMap<string, string>,
): Promise<EnginePlace> {
  const choice = {
    ...(asked !== "auto" && { engine: asked }),
    ...(socket !== undefined && { socket }),
  };
  try {
    const found = await findEngine(choice, Object.fromEntries(hostEnv));
    return { name: found.engine, socket: found.socket.replace(/^unix:\/\//, "") };
  } catch (error) {
    if (!(error instanceof FaultError) || error.code !== "no_engine") throw error;
    const name = asked === "auto" ? "docker" : asked;
    return { name, socket: usual[name] };
  }
}
