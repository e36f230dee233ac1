/** Files into a container, running or stopped, one request each. Each engine reads headers of its own name. */

import { posix } from "node:path";
import { FaultError } from "@haversack/base";
import type { ContainerFile } from "../runtime.ts";
import type { LxdClient } from "./lxd-client.ts";
import type { About } from "./lxd-faults.ts";

/** Parents that are missing are made, as root's and open to all. */
export async function putFile(
  client: LxdClient,
  container: string,
  file: ContainerFile,
  signal: AbortSignal,
): Promise<void> {
  await makeFolder(client, container, posix.dirname(file.path), signal);
  await post(client, container, file, "file", signal);
}

export async function makeFolder(
  client: LxdClient,
  container: string,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  if (path === "/" || (await isThere(client, container, path, signal))) return;
  await makeFolder(client, container, posix.dirname(path), signal);
  const folder = { path, data: new Uint8Array(), mode: 0o755, uid: 0, gid: 0 };
  await post(client, container, folder, "directory", signal);
}

async function isThere(
  client: LxdClient,
  container: string,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { status } = await client.raw({ method: "GET", path: pathOf(container, path) }, signal);
  return status === 200;
}

async function post(
  client: LxdClient,
  container: string,
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
