/**
 * Looks at a container before it is started: whether the engine made what was asked, and nothing more. What a step may not
 * have is refused when its DAG is read; this holds whatever came between.
 */

import { realpath, stat } from "node:fs/promises";
import { FaultError } from "@haversack/base";
import type { ContainerSpec, ContainerView, MountSpec } from "../runtime/container.ts";
import { launchCodes } from "./fallback.ts";

/** Whoever reaches one of these is root on the host. */
const knownSockets = [
  "/run/docker.sock",
  "/var/run/docker.sock",
  "/run/podman/podman.sock",
  "/run/containerd/containerd.sock",
  "/run/crio/crio.sock",
  "/var/lib/lxd/unix.socket",
  "/var/snap/lxd/common/lxd/unix.socket",
  "/var/lib/incus/unix.socket",
  "/run/incus/unix.socket",
];

/** Rejects `container_not_as_asked` and names all that differs. @param sockets of the engine that is used here */
export async function confirmContainer(
  view: ContainerView,
  spec: ContainerSpec,
  sockets: readonly string[],
): Promise<void> {
  const problems = [...differences(view, spec), ...(await socketsIn(view.mounts, sockets))];
  if (problems.length === 0) return;
  const message = `the container ${spec.name} was made and not started, because it is not what was asked: ${problems.join("; ")}`;
  throw new FaultError("denied", launchCodes.notAsAsked, message);
}

/** What an engine does not say is not judged. Pure. */
export function differences(view: ContainerView, spec: ContainerSpec): string[] {
  const more = (view.capabilities ?? []).map(plain).filter((each) => !spec.capabilities.includes(each));
  return [
    ...(view.privileged === true ? ["it is privileged"] : []),
    ...view.hostNamespaces.map((each) => `it shares the host's ${each} namespace`),
    ...view.devices.map((each) => `it has the device ${each}`),
    ...more.map((each) => `it has the capability ${each}`),
    ...mountDifferences(view.mounts, spec.mounts),
    ...portDifferences(view, spec),
    ...differs("user", view.user, spec.user),
    ...differs("read-only root", view.readOnlyRoot, spec.readOnlyRoot),
    ...differs("restart policy", view.restart, spec.restart),
    ...differs("cpu limit", view.limits.cpuMillis, spec.limits.cpuMillis),
    ...differs("memory limit", view.limits.memoryBytes, spec.limits.memoryBytes),
    ...differs("process limit", view.limits.pids, spec.limits.pids),
  ];
}

const plain = (capability: string): string => capability.toUpperCase().replace(/^CAP_/, "");

function differs<T>(what: string, found: T | undefined, asked: T | undefined): string[] {
  if (found === undefined || asked === undefined || found === asked) return [];
  return [`its ${what} is ${String(found)}, not ${String(asked)}`];
}

const mountText = ({ source, target, readOnly }: MountSpec): string =>
  `${source} at ${target}${readOnly ? ", read-only" : ""}`;

function mountDifferences(found: readonly MountSpec[], asked: readonly MountSpec[]): string[] {
  const [has, wants] = [new Set(found.map(mountText)), new Set(asked.map(mountText))];
  return [
    ...[...has].filter((each) => !wants.has(each)).map((each) => `it has the mount ${each}`),
    ...[...wants].filter((each) => !has.has(each)).map((each) => `it lacks the mount ${each}`),
  ];
}

function portDifferences({ ports }: ContainerView, spec: ContainerSpec): string[] {
  const extra = ports.filter(
    (port) =>
      !spec.ports.some(
        (each) =>
          each.containerPort === port.containerPort &&
          each.address === port.address &&
          (each.hostPort === 0 || port.hostPort === 0 || each.hostPort === port.hostPort),
      ),
  );
  return extra.map((port) => `it publishes port ${port.containerPort} at ${port.address}:${port.hostPort}`);
}

/** By path, and by device and inode: a socket has many names. */
async function socketsIn(mounts: readonly MountSpec[], own: readonly string[]): Promise<string[]> {
  const sockets = [...knownSockets, ...own];
  const known = new Map<string, string>();
  for (const path of sockets) {
    const id = await fileId(path);
    if (id !== undefined) known.set(id, path);
  }
  const problems = await Promise.all(
    mounts.map(async ({ source }) => {
      const real = await realpath(source).catch(() => source);
      const inside = sockets.find((path) => path === real || path.startsWith(`${real}/`) || real === "/");
      const found = inside ?? known.get((await fileId(real)) ?? "");
      return found === undefined ? undefined : `its mount ${source} leads to the engine's socket ${found}`;
    }),
  );
  return problems.filter((problem) => problem !== undefined);
}

async function fileId(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
