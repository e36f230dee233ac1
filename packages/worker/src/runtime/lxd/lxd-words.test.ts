/** The pure parts of the adapter: what LXD is asked, and how its answers are read. */

import { describe, expect, test } from "vitest";
import type { ContainerSpec } from "../container.ts";
import { instanceForm } from "./answers.ts";
import { freeAddress, subnetOf } from "./free-address.ts";
import { instanceName, instanceOf } from "./instance-of.ts";
import { lxdFault, startFault } from "./lxd-faults.ts";
import { fingerprintOf } from "./lxd-images.ts";
import { readRawLxc } from "./raw-lxc.ts";
import { tailOf } from "./tail.ts";
import { viewOf } from "./view-of.ts";

const spec: ContainerSpec = {
  name: "hv-web-1",
  image: "ab".repeat(32),
  arch: "arm64",
  labels: new Map([["haversack.cluster", "c"]]),
  command: ["serve"],
  env: new Map([["A", "b"]]),
  user: "10001:10001",
  ports: [{ containerPort: 80, address: "::1", hostPort: 8080 }],
  mounts: [
    { source: "/srv/a b", target: "/data/deep", readOnly: false },
    { source: "/srv/f", target: "/f", readOnly: true },
  ],
  tmpfs: new Map([["/data", 4096]]),
  readOnlyRoot: true,
  capabilities: ["CHOWN", "SETUID"],
  limits: { cpuMillis: 255, memoryBytes: 1 << 26, pids: 9 },
  restart: "on-failure",
  network: "none",
};
const around = {
  pool: "default",
  guestKey: "security.devlxd" as const,
  card: { nictype: "p2p" },
  cardLines: "",
  sourceOf: ({ source }: { source: string }) => ({ isFile: source.endsWith("f") }),
};

const idMap = JSON.stringify([
  { Isuid: true, Isgid: false, Hostid: 100_000, Nsid: 0, Maprange: 65_536 },
  { Isuid: false, Isgid: true, Hostid: 100_000, Nsid: 0, Maprange: 65_536 },
]);

describe("the words of LXD", () => {
  test("what is asked is what is seen", () => {
    const asked = instanceOf(spec, around) as { name: string; config: object; devices: object };
    const view = viewOf(
      instanceForm.parse({
        name: asked.name,
        status: "Stopped",
        last_used_at: "1970-01-01T00:00:00Z",
        expanded_config: {
          ...asked.config,
          "volatile.base_image": spec.image,
          "volatile.idmap.next": idMap,
        },
        expanded_devices: asked.devices,
      }),
    );
    const { name, image, user, ports, readOnlyRoot, capabilities, limits, restart } = spec;
    expect(view).toMatchObject({ name, image, user, ports, readOnlyRoot, capabilities, limits, restart });
    expect([...view.labels]).toEqual(expect.arrayContaining([...spec.labels]));
    expect(view.mounts).toEqual(spec.mounts.toReversed());
    expect(view).toMatchObject({ state: "created", privileged: false, hostNamespaces: [], devices: [] });
    expect(view.idShift).toBe(100_000);
    expect(view.startedAt).toBeUndefined();
    const raw = String((asked.config as Record<string, string>)["raw.lxc"]);
    const entries = raw.split("\n").flatMap((line) => (line.startsWith("lxc.mount") ? [line.slice(18)] : []));
    expect(entries).toEqual([
      "dev/.haversack/1 f none bind,relative,nosuid,nodev,ro,create=file 0 0",
      "tmpfs data tmpfs rw,nosuid,nodev,size=4096,mode=1777,create=dir 0 0",
      "dev/.haversack/0 data/deep none bind,relative,nosuid,nodev,rw,create=dir 0 0",
      "tmpfs dev/.haversack tmpfs ro,nosuid,nodev,size=4k,mode=000 0 0",
    ]);
  });

  test("what was added by somebody is seen", () => {
    const view = viewOf(
      instanceForm.parse({
        name: "x",
        status: "Running",
        expanded_config: {
          "raw.lxc":
            "lxc.namespace.share.net = 1\nlxc.namespace.keep = user ipc\nlxc.mount.entry = /run/lxd run/lxd none bind 0 0",
          "security.nesting": "true",
        },
        expanded_devices: {
          gpu: { type: "gpu" },
          kvm: { type: "unix-char", source: "/dev/kvm" },
          home: { type: "disk", source: "/home", path: "/mnt" },
          staged: { type: "disk", source: "/srv", path: "/dev/.haversack/7" },
        },
      }),
    );
    expect(view).toMatchObject({ state: "running", privileged: true, devices: ["gpu", "/dev/kvm"] });
    expect(view.hostNamespaces).toEqual(["net", "user", "ipc"]);
    expect(view.mounts.map(({ source }) => source)).toEqual(["/home", "/srv", "/run/lxd"]);
    expect(view.idShift).toBeUndefined();
  });

  test("a name that is no host name becomes one, always the same", () => {
    expect(instanceName("hv-web-1")).toBe("hv-web-1");
    const long = `hv-${"a".repeat(64)}-12`;
    for (const odd of [long, "1web", "a_b", "ends-", ""]) {
      expect(instanceName(odd)).toMatch(/^hv-[a-zA-Z0-9-]{0,58}[a-z0-9]$/);
      expect(instanceName(instanceName(odd))).toBe(instanceName(odd));
    }
    expect(instanceName(`${long}3`)).not.toBe(instanceName(long));
  });

  test("only 64 digits are a fingerprint", () => {
    expect(fingerprintOf(`sha256:${spec.image}`)).toBe(spec.image);
    for (const odd of ["", spec.image.slice(1), `${spec.image}0`, spec.image.toUpperCase()]) {
      expect(fingerprintOf(odd)).toBeUndefined();
    }
  });

  test.each([
    [400, "Failed: write /x: no space left on device", "busy no_space"],
    [400, "bind: address already in use", "conflict port_taken"],
    [400, 'Add instance info: This "instances" entry already exists', "conflict name_taken"],
    [409, 'Instance "web" already exists', "conflict name_taken"],
    [400, "Image not provided for instance creation", "missing image_missing"],
    [404, "Instance not found", "missing container_missing"],
    [400, "fingerprints don't match, got a expected b", "corrupt import_failed"],
    [400, "Requested architecture isn't supported by this host", "corrupt wrong_platform"],
    [400, 'Instance is busy running a "stop" operation', "busy container_busy"],
    [500, "UNIQUE constraint failed: instances.project_id, instances.name", "conflict name_taken"],
    [500, "Invalid PID '\ufffd'", "busy container_busy"],
    [500, 'Failed shutting down instance, status is "Running": deadline exceeded', "invalid engine_refused"],
    [500, "Failed to run: incusd forkstart web: exit status 1", "invalid engine_refused"],
    [403, "not authorized", "unavailable engine_unavailable"],
    [400, "Instance is not running", "conflict not_running"],
    [500, "mkdir /x: read-only file system", "invalid engine_refused"],
    [500, "database is locked", "unavailable engine_unavailable"],
    [400, "Invalid devices", "invalid engine_refused"],
  ])("%i %s is %s", (status, text, expected) => {
    const { fault, code, message } = lxdFault(status, text, { container: "web", image: "i" });
    expect(`${fault} ${code}`).toBe(expected);
    expect(message.length).toBeGreaterThan(10);
  });

  test("why a start failed is read from LXC's log", () => {
    const failed = lxdFault(400, "Failed to run: lxd forkstart web: exit status 1", {});
    const said = (what: string) =>
      `lxc web 20261122 ERROR    start - ../src/lxc/start.c:start:2197 - ${what}\n`;
    const codeOf = (log: string) => startFault(failed, log).code;
    expect(startFault(failed, said('Failed to exec "/no/such"')).message).toContain(
      'Failed to exec "/no/such"',
    );
    expect(codeOf(said("Exec format error - Failed to exec"))).toBe("wrong_platform");
    expect(startFault(failed, "")).toBe(failed);
  });

  test("a free address is inside, and nobody else's", () => {
    const subnet = subnetOf("10.1.2.1/30");
    expect(subnetOf("none")).toBeUndefined();
    if (subnet === undefined) throw new Error("10.1.2.1/30 is a subnet");
    for (const seed of [0, 1, 2, 4_000_000_000]) {
      expect(freeAddress(subnet, new Set(), seed)).toBe("10.1.2.2");
      expect(freeAddress(subnet, new Set(["10.1.2.2"]), seed)).toBeUndefined();
    }
  });

  test("a tail keeps the end", () => {
    const tail = tailOf(5);
    for (const part of ["abc", "defg", "hijklmnop", "q"]) tail.add(Buffer.from(part));
    expect(tail.bytes().toString()).toBe("mnopq");
    expect(tail.total).toBe(17);
    expect(readRawLxc("lxc.cap.keep = none\n").capabilities).toEqual([]);
  });
});
