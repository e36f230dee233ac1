/**
 * What of the host is mounted, in two steps. The engine's daemon lays it on a stage inside, as root of the host: LXC by itself
 * would look for it as the container's root, who gets through no folder of the worker's. From the stage lines of LXC bind
 * it to where it is wanted, after the memory file systems, which would cover what the engine mounts; then the stage is covered.
 */

import type { MountSpec } from "../container.ts";

const stage = "/dev/.haversack";

type Device = Readonly<Record<string, string>>;

/** What is at the source of a mount. */
export interface MountSource {
  readonly isFile: boolean;
}

const placeOf = (at: number): string => `${stage}/${at}`;

/** For the engine, by name. */
export function stageDevices(mounts: readonly MountSpec[]): Record<string, Device> {
  const devices = mounts.map(({ source, readOnly }, at) => {
    const device = { type: "disk", source, path: placeOf(at), ...(readOnly ? { readonly: "true" } : {}) };
    return [`mount${at}`, device] as const;
  });
  return Object.fromEntries(devices);
}

export interface MountEntry {
  /** In the container. */
  readonly path: string;
  /** As a table of mounts has it. */
  readonly line: string;
}

export function bindsFromStage(
  mounts: readonly MountSpec[],
  sourceOf: (mount: MountSpec) => MountSource,
): MountEntry[] {
  return mounts.map((mount, at) => {
    const { target, readOnly } = mount;
    const create = sourceOf(mount).isFile ? "create=file" : "create=dir";
    const options = ["bind", "relative", "nosuid", "nodev", readOnly ? "ro" : "rw", create];
    return {
      path: target,
      line: `${targetField(placeOf(at))} ${targetField(target)} none ${options.join(",")} 0 0`,
    };
  });
}

export const stageCover = `tmpfs ${stage.slice(1)} tmpfs ro,nosuid,nodev,size=4k,mode=000 0 0`;

export const targetField = (path: string): string =>
  // Odd characters as octal.
  path
    .replace(/^\/+/, "")
    .replaceAll(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);

/** A line of LXC's as it was read. */
export interface BindSeen extends MountSpec {
  /** The source is looked for inside. */
  readonly isRelative: boolean;
}

/** What is mounted where, with its source on the host. */
export function mountsSeen(
  devices: Readonly<Record<string, Device>>,
  binds: readonly BindSeen[],
): MountSpec[] {
  const disks = Object.values(devices).flatMap(diskOf);
  const onStage = (bind: BindSeen): MountSpec | undefined =>
    bind.isRelative ? disks.find(({ target }) => target === bind.source) : undefined;
  const led = new Set(binds.map(onStage));
  return [
    ...disks.filter((disk) => !led.has(disk) || !disk.target.startsWith(`${stage}/`)),
    ...binds.map((bind) => {
      const { target, readOnly } = bind;
      const from = onStage(bind);
      return { source: from?.source ?? bind.source, target, readOnly: readOnly || from?.readOnly === true };
    }),
  ];
}

function diskOf({ type, path, source, readonly }: Device): MountSpec[] {
  if (type !== "disk" || path === undefined || path === "/") return [];
  return [{ source: source ?? "", target: path, readOnly: readonly === "true" }];
}
