import { expect, test } from "vitest";
import { cgroupPlaces } from "./cgroup-places.ts";

test("version 2 alone, as systemd leaves it", () => {
  const mounts =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";
  expect(cgroupPlaces(mounts, "0::/system.slice/haversack-worker.service\n")).toEqual([
    { version: 2, controllers: [], folder: "/sys/fs/cgroup/system.slice/haversack-worker.service" },
  ]);
});

test("version 1, with two controllers in one hierarchy and a second version beside it", () => {
  const mounts = [
    "32 31 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
    "33 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
    "34 31 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
    "35 23 0:31 / /tmp rw - tmpfs tmpfs rw,size=64k",
    "",
  ].join("\n");
  expect(cgroupPlaces(mounts, "8:memory:/a/b\n4:cpu,cpuacct:/\n0::/\n")).toEqual([
    { version: 1, controllers: ["cpu", "cpuacct"], folder: "/sys/fs/cgroup/cpu,cpuacct" },
    { version: 1, controllers: ["memory"], folder: "/sys/fs/cgroup/memory/a/b" },
    { version: 2, controllers: [], folder: "/sys/fs/cgroup/unified" },
  ]);
});

test("a container that sees only its own part of the tree", () => {
  const mounts = "40 39 0:29 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup ro,memory\n";
  expect(cgroupPlaces(mounts, "8:memory:/docker/abc/inner\n")).toEqual([
    { version: 1, controllers: ["memory"], folder: "/sys/fs/cgroup/memory/inner" },
  ]);
});

test("what is no table holds no places", () => {
  expect(cgroupPlaces("", "")).toEqual([]);
  expect(cgroupPlaces("nonsense - cgroup2", "0:")).toEqual([]);
});
