/** Makes a container, and what has to be in its root before the first start. */

import type { ContainerSpec } from "../container.ts";
import { numbered } from "./host-ports.ts";
import { instanceName, instanceOf, instancePath } from "./instance-of.ts";
import type { LxdClient } from "./lxd-client.ts";
import { makeFolder, putFile, type Within } from "./lxd-files.ts";
import { type Placed, surroundingsOf } from "./surroundings.ts";

export async function createInstance(
  client: LxdClient,
  spec: ContainerSpec,
  signal: AbortSignal,
): Promise<{ readonly id: string }> {
  const around = await surroundingsOf(client, spec, signal);
  const ports = await numbered(spec.ports);
  const json = instanceOf({ ...spec, ports }, around);
  const about = { container: spec.name, image: spec.image };
  await client.change({ method: "POST", path: "/1.0/instances", json }, about, signal);
  const id = instanceName(spec.name);
  try {
    await prepareRoot({ client, container: id }, spec, around, signal);
  } catch (error) {
    await client
      .change({ method: "DELETE", path: instancePath(id) }, about, AbortSignal.timeout(undoMs))
      .catch(() => {});
    throw error;
  }
  return { id };
}

const undoMs = 900;
const emptyFile = { data: new Uint8Array(), mode: 0o644, uid: 0, gid: 0 };

/** What is written into the root before the first start, since nothing can be written there afterwards. */
async function prepareRoot(
  within: Within,
  spec: ContainerSpec,
  around: Placed,
  signal: AbortSignal,
): Promise<void> {
  if (spec.readOnlyRoot) {
    for (const target of spec.tmpfs.keys()) await makeFolder(within, target, signal);
    for (const mount of spec.mounts) {
      if (!around.sourceOf(mount).isFile) await makeFolder(within, mount.target, signal);
      else await putFile(within, { ...emptyFile, path: mount.target }, signal);
    }
  }
  const { nameServer } = around;
  if (nameServer === undefined) return;
  const data = Buffer.from(`nameserver ${nameServer}\n`);
  await putFile(within, { path: "/etc/resolv.conf", data, mode: 0o644, uid: 0, gid: 0 }, signal);
}
