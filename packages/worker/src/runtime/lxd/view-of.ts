/** A container as LXD and Incus show it, in our words. What they do not tell (exit code, end) is absent. */

import type { ContainerView, PortSpec } from "../container.ts";
import { idMapForm, type LxdInstance } from "./answers.ts";
import { givenName, givenRestart } from "./instance-of.ts";
import { readRawLxc } from "./raw-lxc.ts";
import { mountsSeen } from "./staged-mounts.ts";

type Device = Readonly<Record<string, string>>;

const hostDevices = new Set([
  "unix-char",
  "unix-block",
  "unix-hotplug",
  "usb",
  "gpu",
  "infiniband",
  "pci",
  "tpm",
]);

export function viewOf(instance: LxdInstance): ContainerView {
  const { expanded_config: config, expanded_devices: devices } = instance;
  const { binds, ...raw } = readRawLxc(config["raw.lxc"] ?? "");
  const idShift = idShiftOf(config["volatile.idmap.next"] || "[]");
  const restart = givenRestart(config);
  const state = stateOf(instance);
  const address = state === "running" ? addressOf(instance) : undefined;
  const started = Date.parse(instance.last_used_at ?? "");
  return {
    id: instance.name,
    name: givenName(instance.name, config),
    image: config["volatile.base_image"] ?? "",
    labels: new Map(
      Object.entries(config).flatMap(([key, value]) =>
        key.startsWith("user.") ? [[key.slice(5), value]] : [],
      ),
    ),
    state,
    ...raw,
    mounts: mountsSeen(devices, binds),
    ports: Object.values(devices).flatMap(portOf),
    privileged: config["security.privileged"] === "true" || config["security.nesting"] === "true",
    devices: Object.entries(devices).flatMap(([name, device]) =>
      hostDevices.has(device["type"] ?? "") ? [device["path"] ?? device["source"] ?? name] : [],
    ),
    limits: limitsOf(config),
    ...(restart === undefined ? {} : { restart }),
    ...(idShift === undefined ? {} : { idShift }),
    ...(address === undefined ? {} : { address }),
    ...(started > 0 ? { startedAt: started } : {}),
  };
}

function stateOf({ status, last_used_at: lastUsed }: LxdInstance): ContainerView["state"] {
  // "Error" and "Freezing" among them: a process of it may be alive.
  if (status !== "Stopped") return "running";
  return Date.parse(lastUsed ?? "") > 0 ? "exited" : "created";
}

function addressOf({ state }: LxdInstance): string | undefined {
  const known = Object.entries(state?.network ?? {}).flatMap(([name, { addresses }]) =>
    name === "lo" ? [] : (addresses ?? []),
  );
  return known.find(({ family, scope }) => family === "inet" && scope === "global")?.address;
}

/** Of the range that begins with its root; undefined: its users are those of the host. */
function idShiftOf(text: string): number | undefined {
  const ranges = idMapForm.parse(JSON.parse(text));
  return ranges.find(({ Isuid, Nsid }) => Isuid && Nsid === 0)?.Hostid;
}

function portOf({ type, listen, connect }: Device): PortSpec[] {
  if (type !== "proxy") return [];
  const [, address, hostPort] = /^\w+:(.*):(\d+)$/.exec(listen ?? "") ?? [];
  const [, containerPort] = /:(\d+)$/.exec(connect ?? "") ?? [];
  if (address === undefined) return [];
  return [
    {
      address: address.replace(/^\[(.*)\]$/, "$1"),
      hostPort: Number(hostPort),
      containerPort: Number(containerPort ?? 0),
    },
  ];
}

function limitsOf(config: Readonly<Record<string, string>>): ContainerView["limits"] {
  const [, time, of] = /^(\d+)ms\/(\d+)ms$/.exec(config["limits.cpu.allowance"] ?? "") ?? [];
  const [, bytes] = /^(\d+)B?$/.exec(config["limits.memory"] ?? "") ?? [];
  const pids = Number(config["limits.processes"]);
  return {
    ...(time === undefined || of === undefined ? {} : { cpuMillis: (Number(time) * 1000) / Number(of) }),
    ...(bytes === undefined ? {} : { memoryBytes: Number(bytes) }),
    ...(pids > 0 ? { pids } : {}),
  };
}
