/** A container as LXD and Incus are asked for it. Pure: what depends on the host comes in as `Surroundings`. */

import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import type { ContainerSpec, MountSpec, PortSpec } from "../container.ts";
import { refused } from "../runtime-faults.ts";
import { theirArch } from "./answers.ts";
import { fingerprintOf } from "./lxd-images.ts";
import { rawLxcOf } from "./raw-lxc.ts";
import { type MountSource, stageDevices } from "./staged-mounts.ts";
import { startLineOf } from "./start-line.ts";

export interface Surroundings {
  readonly pool: string;
  /** Its key for whether the container may talk to the engine: the one that Incus renamed. */
  readonly guestKey: "security.devlxd" | "security.guestapi";
  /** Of the container's only network card. */
  readonly card: Readonly<Record<string, string>>;
  /** Static addresses as lines for LXC: the image has no DHCP client. */
  readonly cardLines: string;
  readonly sourceOf: (mount: MountSpec) => MountSource;
}

/** Theirs are host names: letters, digits and hyphens, at most 63. Any other name is kept in the configuration. */
const nameKey = "user.haversack-name";

/** The engine has no such policy: it is kept for the worker, who starts again what ended. */
const restartKey = "user.haversack-restart";

/** The same for a name and for what it was turned into. */
export function instanceName(name: string): string {
  if (/^[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/.test(name)) return name;
  const readable = name.replaceAll(/[^a-zA-Z0-9]+/g, "-").slice(0, 40);
  return `hv-${readable}-${createHash("sha256").update(name).digest("hex").slice(0, 12)}`;
}

export const instancePath = (idOrName: string, rest = ""): string =>
  `/1.0/instances/${encodeURIComponent(instanceName(idOrName))}${rest}`;

export const givenName = (name: string, config: Readonly<Record<string, string>>): string =>
  config[nameKey] ?? name;

const restarts = ["always", "on-failure", "never"] as const;

export const givenRestart = (
  config: Readonly<Record<string, string>>,
): ContainerSpec["restart"] | undefined => restarts.find((each) => each === config[restartKey]);

/** The body of `POST /1.0/instances`; every port has a number by now. */
export function instanceOf(spec: ContainerSpec, around: Surroundings): Record<string, unknown> {
  const fingerprint = fingerprintOf(spec.image);
  if (fingerprint === undefined) {
    throw refused(`${spec.image} is no fingerprint; expected the 64 hexadecimal digits of an image's sha256`);
  }
  const { init, env } = startLineOf(spec);
  const name = instanceName(spec.name);
  return {
    name,
    architecture: theirArch(spec.arch),
    // The operator's profiles may add devices and rights: only what is asked for is in a container of ours.
    profiles: [],
    source: { type: "image", fingerprint },
    config: {
      ...(name === spec.name ? {} : { [nameKey]: spec.name }),
      [restartKey]: spec.restart,
      ...prefixed("user.", spec.labels),
      ...prefixed("environment.", env),
      "boot.autostart": "false",
      "security.privileged": "false",
      "security.nesting": "false",
      [around.guestKey]: "false",
      "limits.cpu.allowance": allowanceOf(spec.limits.cpuMillis),
      "limits.memory": `${spec.limits.memoryBytes}B`,
      "limits.memory.swap": "false",
      "limits.processes": String(spec.limits.pids),
      "raw.lxc": rawLxcOf(spec, init, around.sourceOf) + around.cardLines,
    },
    devices: {
      root: { type: "disk", path: "/", pool: around.pool },
      card: { type: "nic", ...around.card },
      ...stageDevices(spec.mounts),
      ...Object.fromEntries(spec.ports.map((port, at) => [`port${at}`, proxyOf(port)])),
    },
  };
}

/** A hard limit, of whole milliseconds in so many; short turns where they come out even. */
const allowanceOf = (cpuMillis: number): string =>
  cpuMillis % 10 === 0 ? `${cpuMillis / 10}ms/100ms` : `${cpuMillis}ms/1000ms`;

function prefixed(prefix: string, entries: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...entries].map(([name, value]) => [prefix + name, value]));
}

function proxyOf({ address, hostPort, containerPort }: PortSpec): Record<string, string> {
  const host = isIPv6(address) ? `[${address}]` : address;
  return {
    type: "proxy",
    listen: `tcp:${host}:${hostPort}`,
    connect: `tcp:127.0.0.1:${containerPort}`,
  };
}
