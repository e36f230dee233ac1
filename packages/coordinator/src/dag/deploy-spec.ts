/** `deploy` of a step, as it was written, with its defaults filled in. */

import type { DeploySpec, HealthSpec } from "@haversack/protocol";
import type { DeployFile } from "./deploy-schema.ts";

export function deploySpec(file: DeployFile): DeploySpec {
  const { name, agent, command, health, ttl, waitForImage, removeVolumes } = file;
  return {
    kind: "deploy",
    name,
    state: file.state ?? "running",
    image: file.image ?? "base",
    env: file.env ?? {},
    ports: file.ports ?? [],
    restart: file.restart ?? "on-failure",
    resources: definedOf(file.resources ?? {}),
    volumes: file.volumes ?? [],
    replace: file.replace ?? "stop-first",
    rollback: file.rollback ?? "on-failure",
    ...definedOf({ agent, command, ttlMs: ttl, waitForImageMs: waitForImage, removeVolumes }),
    ...(health === undefined ? {} : { health: healthSpec(health) }),
  };
}

function healthSpec({
  http,
  tcp,
  command,
  port,
  interval,
  timeout,
  within,
}: NonNullable<DeployFile["health"]>): HealthSpec {
  return {
    ...definedOf({ http, tcp, command, port }),
    intervalMs: interval,
    timeoutMs: timeout,
    withinMs: within,
  };
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without what is undefined: a spec is compared and named by its JSON. */
function definedOf<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>;
}
