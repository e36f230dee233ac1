/** Files into a container, running or stopped, one request each. Each engine reads headers of its own name. */

import { posix } from "node:path";
import { FaultError } from "@haversack/base";
import type { ContainerFile } from "../container.ts";
import { refused } from "../runtime-faults.ts";
import { instanceName, instancePath } from "./instance-of.ts";
import type { LxdClient } from "./lxd-client.ts";
import type { About } from "./lxd-faults.ts";

export interface Within {
  readonly client: LxdClient;
  readonly container: string;
}

/** Rejects with `missing` when there is no such container, also without a file. */
export async function putFiles(
  client: LxdClient,
  id: string,
  files: readonly ContainerFile[],
  signal: AbortSignal,
): Promise<void> {
  await client.get(instancePath(id), { container: id }, signal);
  for (const file of files) await putFile({ client, container: instanceName(id) }, file, signal);
}

/** Parents that are missing are made, as root's and open to all. */
export async function putFile(within: Within, file: ContainerFile, signal: AbortSignal): Promise<void> {
  if (!file.path.startsWith("/")) throw refused(`${file.path} is no absolute path`);
  await makeFolder(within, posix.dirname(file.path), signal);
  await post(within, file, "file", signal);
}

export async function makeFolder(within: Within, path: string, signal: AbortSignal): Promise<void> {
  if (path === "/" || (await isThere(within, path, signal))) return;
  await makeFolder(within, posix.dirname(path), signal);
  const folder = { path, data: new Uint8Array(), mode: 0o755, uid: 0, gid: 0 };
  await post(within, folder, "directory", signal);
}

async function isThere({ client, container }: Within, path: string, signal: AbortSignal): Promise<boolean> {
  const { status } = await client.raw({ method: "GET", path: pathOf(container, path) }, signal);
  return status === 200;
}

async function post(
  { client, container }: Within,
  { path, data, mode, uid, gid }: ContainerFile,
  type: "file" | "directory",
  signal: AbortSignal,
): Promise<void> {
  const said = { uid, gid, mode: mode.toString(8).padStart(4, "0"), type, write: "overwrite" };
  const headers: Record<string, string | number> = { "Content-Length": data.length };
  for (const [name, value] of Object.entries(said)) {
    for (const engine of ["X-LXD", "X-Incus"]) headers[`${engine}-${name}`] = String(value);
  }
  const about: About = { container };
  try {
    const upload = { headers, body: data };
    await client.change({ method: "POST", path: pathOf(container, path), upload }, about, signal);
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    throw new FaultError(error.fault, error.code, `${path}: ${error.message}`, { cause: error });
  }
}

const pathOf = (container: string, path: string): string =>
  `/1.0/instances/${encodeURIComponent(container)}/files?path=${encodeURIComponent(path)}`;
