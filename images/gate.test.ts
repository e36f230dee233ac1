import { expect, test } from "vitest";
import { gate, publishedBytesMax } from "./gate.ts";

const paths = [
  { path: "/opt/haversack/bin/node", bytes: 117_000_000 },
  { path: "/usr/lib/padding", bytes: 90_000_000 },
];

test("what is small enough passes, and its growth is told", () => {
  const lines = gate(
    [
      { name: "a.oci.tar", size: 100_000_000, before: 99_000_000 },
      { name: "b.lxd.tar.zst", size: publishedBytesMax },
      { name: "c.oci.tar", size: 106_000_000, before: 100_000_000 },
    ],
    paths,
  );
  expect(lines).toEqual([
    "gate: a.oci.tar  100000000 bytes (100.0 MB), 50 % of 200000000: ok; +1.0 % since the last release",
    "gate: b.lxd.tar.zst  200000000 bytes (200.0 MB), 100 % of 200000000: ok",
    "gate: c.oci.tar  106000000 bytes (106.0 MB), 53 % of 200000000: ok; WARNING: +6.0 % since the last release",
  ]);
});

test("a padded image fails, and what takes the room is shown", () => {
  const padded = [
    { name: "a.oci.tar", size: publishedBytesMax + 1 },
    { name: "b.lxd.tar.zst", size: 5 },
  ];
  expect(() => gate(padded, paths)).toThrow(
    /a\.oci\.tar has 200000001 bytes; a published file may have 200000000[^]*117\.0 MB {2}\/opt\/haversack\/bin\/node\n +90\.0 MB {2}\/usr\/lib\/padding/,
  );
});
