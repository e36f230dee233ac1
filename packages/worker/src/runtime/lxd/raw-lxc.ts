/** The part of a container that LXD has no keys for and hands to LXC as lines: written from what is asked, and read back. */

import type { ContainerSpec, ContainerView, MountSpec } from "../container.ts";
import { refused } from "../runtime-faults.ts";
import { type BindSeen, bindsFromStage, type MountSource, stageCover, targetField } from "./staged-mounts.ts";

/** @param init what `startLineOf` says. */
export function rawLxcOf(
  spec: ContainerSpec,
  init: string | undefined,
  sourceOf: (mount: MountSpec) => MountSource,
): string {
  const kept = spec.capabilities.map((name) => name.toLowerCase()).join(" ");
  const lines = [
    // Both lists at once are an error, and LXD has set this one.
    "lxc.cap.drop =",
    `lxc.cap.keep = ${kept === "" ? "none" : kept}`,
    "lxc.no_new_privs = 1",
    "lxc.signal.halt = SIGTERM",
  ];
  if (spec.readOnlyRoot) lines.push("lxc.rootfs.options = ro");
  if (spec.user !== undefined) {
    const { uid, gid } = userOf(spec.user);
    lines.push(`lxc.init.uid = ${uid}`, `lxc.init.gid = ${gid}`);
  }
  if (init !== undefined) lines.push(`lxc.init.cmd = ${init}`);
  const entries = [
    ...[...spec.tmpfs].map(([path, size]) => ({ path, line: tmpfsLine(path, size) })),
    ...bindsFromStage(spec.mounts, sourceOf),
  ];
  // What contains another comes first. The engine's own devices would all come before, and be covered.
  const ordered = entries.toSorted((one, other) => one.path.length - other.path.length);
  const cover = spec.mounts.length === 0 ? [] : [stageCover];
  for (const line of [...ordered.map((entry) => entry.line), ...cover])
    lines.push(`lxc.mount.entry = ${line}`);
  return `${lines.join("\n")}\n`;
}

export function userOf(user: string): { readonly uid: number; readonly gid: number } {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(user) ?? [];
  if (uid === undefined || gid === undefined) {
    throw refused(`the user is ${JSON.stringify(user)}; expected two numbers, UID:GID`);
  }
  return { uid: Number(uid), gid: Number(gid) };
}

const tmpfsLine = (path: string, size: number): string =>
  `tmpfs ${targetField(path)} tmpfs rw,nosuid,nodev,size=${size},mode=1777,create=dir 0 0`;

interface RawView extends Pick<ContainerView, "readOnlyRoot" | "capabilities" | "user" | "hostNamespaces"> {
  readonly binds: readonly BindSeen[];
}

/** Reads lines of anybody: a key that came later stands. */
export function readRawLxc(text: string): RawView {
  const entries = text.split("\n").flatMap((line) => {
    const [, key, value] = /^\s*(lxc\.[\w.]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [{ key, value }];
  });
  const last = (key: string) => entries.findLast((entry) => entry.key === key)?.value;
  const kept = last("lxc.cap.keep");
  const uid = last("lxc.init.uid");
  return {
    readOnlyRoot: (last("lxc.rootfs.options") ?? "").split(",").includes("ro"),
    hostNamespaces: entries
      .filter(({ key }) => key === "lxc.namespace.keep" || key.startsWith("lxc.namespace.share."))
      .flatMap(({ key, value }) => (key === "lxc.namespace.keep" ? value.split(/\s+/) : [key.slice(20)])),
    binds: entries.filter(({ key }) => key === "lxc.mount.entry").flatMap(({ value }) => bindOf(value)),
    ...(kept === undefined ? {} : { capabilities: capabilitiesOf(kept) }),
    ...(uid === undefined ? {} : { user: `${uid}:${last("lxc.init.gid") ?? 0}` }),
  };
}

const capabilitiesOf = (kept: string): readonly string[] =>
  kept === "none" ? [] : kept.split(/\s+/).map((name) => name.toUpperCase());

const path = (field: string): string =>
  field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Memory file systems are no mounts of the host. */
function bindOf(entry: string): BindSeen[] {
  const [source = "", target = "", kind = "", options = ""] = entry.split(/\s+/);
  if (kind === "tmpfs") return [];
  const words = options.split(",");
  const isRelative = words.includes("relative");
  const from = isRelative ? `/${path(source)}` : path(source);
  return [{ source: from, target: `/${path(target)}`, readOnly: words.includes("ro"), isRelative }];
}
