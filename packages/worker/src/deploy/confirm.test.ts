/** What a container may not have, whoever gave it: each kind of difference alone is enough. */

import { symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import type { ContainerSpec, ContainerView } from "../runtime/container.ts";
import { confirmContainer, differences } from "./confirm.ts";

const spec: ContainerSpec = {
  name: "hv-web-1",
  image: "i",
  arch: "x64",
  labels: new Map(),
  env: new Map(),
  user: "10001:10001",
  ports: [{ containerPort: 80, address: "127.0.0.1", hostPort: 4000 }],
  mounts: [{ source: "/data/volumes/web/a", target: "/a", readOnly: false }],
  tmpfs: new Map(),
  readOnlyRoot: true,
  capabilities: ["CHOWN"],
  limits: { cpuMillis: 1000, memoryBytes: 1_000_000, pids: 10 },
  restart: "always",
  network: "own",
};
const good: ContainerView = {
  id: "1",
  name: "hv-web-1",
  image: "i",
  labels: new Map(),
  state: "created",
  ports: spec.ports,
  mounts: spec.mounts,
  hostNamespaces: [],
  devices: [],
  capabilities: ["CAP_CHOWN"],
  user: "10001:10001",
  readOnlyRoot: true,
  limits: spec.limits,
  restart: "always",
};

test("what is as it was asked passes, also where an engine says less", async () => {
  await confirmContainer(good, spec, []);
  const { user: _, readOnlyRoot: __, restart: ___, capabilities: ____, ...less } = good;
  expect(differences({ ...less, limits: {} }, spec)).toEqual([]);
});

test.each<[string, Partial<ContainerView>]>([
  ["it is privileged", { privileged: true }],
  ["it shares the host's pid namespace", { hostNamespaces: ["pid"] }],
  ["it has the device /dev/kvm", { devices: ["/dev/kvm"] }],
  ["it has the capability SYS_ADMIN", { capabilities: ["CHOWN", "SYS_ADMIN"] }],
  [
    "it has the mount /etc at /b",
    { mounts: [...spec.mounts, { source: "/etc", target: "/b", readOnly: false }] },
  ],
  ["it lacks the mount /data/volumes/web/a at /a", { mounts: [] }],
  [
    "it has the mount /data/volumes/web/b at /a",
    { mounts: [{ source: "/data/volumes/web/b", target: "/a", readOnly: false }] },
  ],
  [
    "it publishes port 80 at 0.0.0.0:4000",
    { ports: [{ containerPort: 80, address: "0.0.0.0", hostPort: 4000 }] },
  ],
  ["it publishes port 22", { ports: [{ containerPort: 22, address: "127.0.0.1", hostPort: 4000 }] }],
  ["its user is 0:0", { user: "0:0" }],
  ["its read-only root is false", { readOnlyRoot: false }],
  ["its restart policy is never", { restart: "never" }],
  ["its cpu limit is 2000", { limits: { cpuMillis: 2000 } }],
  ["its memory limit is 0", { limits: { memoryBytes: 0 } }],
  ["its process limit is 0", { limits: { pids: 0 } }],
])("%s", (problem, more) => {
  expect(differences({ ...good, ...more }, spec).join("; ")).toContain(problem);
});

test("a socket of an engine is found under any name: its path, a link to it, a folder above it, its inode", async () => {
  await using folder = await tempFolder();
  const socket = join(folder.path, "engine.sock");
  const server = createServer().listen(socket);
  const link = join(folder.path, "link");
  await symlink(socket, link);
  try {
    for (const source of [socket, link, folder.path, "/"]) {
      const mounts = [{ source, target: "/a", readOnly: true }];
      await expect(
        confirmContainer({ ...good, mounts }, { ...spec, mounts }, [socket]),
      ).rejects.toMatchObject({ code: "container_not_as_asked", message: expect.stringContaining("socket") });
    }
    const mounts = [{ source: "/proc/self/cwd", target: "/a", readOnly: true }];
    await confirmContainer({ ...good, mounts }, { ...spec, mounts }, [socket]);
  } finally {
    server.close();
  }
});
