import { resolve } from "node:path";
import { defaultLimits } from "@haversack/snapshot";
import { describe, expect, test } from "vitest";
import { settle } from "./settle.ts";

describe("what nobody asked for", () => {
  test("is a loopback port, a folder here, and a lease of 30 s", () => {
    expect(settle({}, {})).toEqual({
      dataDir: resolve(".haversack"),
      store: undefined,
      listen: { host: "127.0.0.1", port: 7420 },
      listeners: {
        tls: undefined,
        tlsNames: [],
        listenWorkers: undefined,
        caDir: resolve(".haversack/ca"),
        advertised: { kind: "own" },
        caReplace: false,
        insecure: false,
        workerCertTtlMs: 7 * 86_400_000,
      },
      agentsDir: resolve("agents"),
      model: undefined,
      leaseTtlMs: 30_000,
      retentionMs: 30 * 86_400_000,
      graceMs: 86_400_000,
      childDepthMax: 16,
      snapshotLimits: defaultLimits,
      diskReserveBytes: 512 * 1024 * 1024,
      vault: { folder: resolve(".haversack/vault"), keyFile: undefined },
      images: {
        manifestFile: undefined,
        keyFile: undefined,
        unsigned: false,
        fallbackImage: "docker.io/library/debian:bookworm-slim",
        recipeFile: undefined,
        permits: 20,
        registrySecrets: [],
      },
    });
  });

  test("comes from the environment; what was asked for wins", () => {
    const env = {
      HAVERSACK_DATA: "/d",
      HAVERSACK_LISTEN: "localhost:1",
      HAVERSACK_AGENTS: "/a",
      HAVERSACK_MODEL: "m",
      HAVERSACK_RETENTION: "12h",
    };
    expect(settle({}, env)).toMatchObject({
      dataDir: "/d",
      listen: { host: "localhost", port: 1 },
      model: "m",
      retentionMs: 12 * 3_600_000,
    });
    const asked = {
      dataDir: "/x",
      listen: "[::1]:0",
      agentsDir: "/y",
      model: "n",
      leaseTtlMs: 1000,
      graceMs: 5,
    };
    expect(settle({ ...asked, retention: "off" }, env)).toMatchObject({
      ...asked,
      listen: { host: "::1", port: 0 },
      retentionMs: undefined,
    });
  });
});

test("the limits of snapshots come from the environment, and a wrong one names its variable", () => {
  const settled = settle({}, { HAVERSACK_SNAPSHOT_MAX_COMPRESSED: "8MiB" });
  expect(settled.snapshotLimits.compressedBytesMax).toBe(8 * 1024 * 1024);
  expect(() => settle({}, { HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED: "much" })).toThrow(
    "HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED: expected a size",
  );
});

test.each([
  "",
  "7420",
  "127.0.0.1",
  "127.0.0.1:",
  ":7420",
  "127.0.0.1:65536",
  "127.0.0.1:-1",
  "127.0.0.1:1e3",
])("listen %j is no address", (listen) => {
  expect(() => settle({ listen }, {})).toThrow("listen: expected HOST:PORT such as 127.0.0.1:7420");
});

test.each([
  "0.0.0.0:7420",
  "[::]:7420",
  "192.168.1.2:7420",
  "example.org:7420",
  "127.evil.example:7420",
  "1270.0.0.1:1",
])("listen %j would be reachable from elsewhere", (listen) => {
  expect(() => settle({ listen }, {})).toThrow("can be reached from other machines");
});

test.each([0, 999, 1000.5, 3_600_001, Number.NaN, Number.POSITIVE_INFINITY])(
  "a lease of %d ms is refused",
  (leaseTtlMs) => {
    expect(() => settle({ leaseTtlMs }, {})).toThrow(
      "leaseTtlMs: expected a whole number from 1000 to 3600000",
    );
  },
);

test.each(["", "30", "0s", "999ms", "forever", "OFF", "-1d"])("a retention of %j is refused", (retention) => {
  expect(() => settle({ retention }, {})).toThrow(
    "retention: expected a duration of at least 1s such as 30d",
  );
});

test("how deep runs may start each other comes from the environment", () => {
  expect(settle({}, { HAVERSACK_CHILD_DEPTH: "3" }).childDepthMax).toBe(3);
  for (const depth of ["", "0", "101", "-1", "1.5", "deep"]) {
    expect(() => settle({}, { HAVERSACK_CHILD_DEPTH: depth })).toThrow(
      "HAVERSACK_CHILD_DEPTH: expected a whole number from 1 to 100",
    );
  }
});

describe("the store", () => {
  const url = "postgres://haversack:secret@db.example:5432/haversack?sslmode=verify-full";

  test("is embedded, or a PostgreSQL by its address", () => {
    expect(settle({}, { HAVERSACK_STORE: url }).store).toBe(url);
    expect(settle({ store: "embedded" }, { HAVERSACK_STORE: url }).store).toBe(undefined);
    expect(settle({}, { HAVERSACK_STORE: "" }).store).toBe(undefined);
  });

  test.each(["mysql://x:secret@y/z", "db.example:5432", "postgres", "/var/lib/secret"])(
    "%j is refused without being told",
    (store) => {
      expect(() => settle({ store }, {})).toThrow(
        "store: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE",
      );
      expect(() => settle({ store }, {})).not.toThrow("secret");
    },
  );
});
