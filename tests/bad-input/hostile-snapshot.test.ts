/** Packs from a coordinator that lies, given to a real worker: each ends its own attempt and nothing else. */

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { digestOfBytes, type SnapshotDescriptor, type Task } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attemptRef, FakeCoordinator } from "../support/fake-coordinator.ts";
import { Program } from "../support/fleet.ts";
import { tempFolder } from "../support/temp-folder.ts";

let coordinator: FakeCoordinator;
let folder: Awaited<ReturnType<typeof tempFolder>>;
let worker: Program;

beforeAll(async () => {
  coordinator = await FakeCoordinator.start();
  folder = await tempFolder();
  worker = new Program(["worker", "--url", coordinator.url, "--data", folder.path, "--slots", "2"], {
    HAVERSACK_TOKEN: "hv1_anything",
  });
  await worker.line(/worker started/);
});

afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await coordinator[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const sha256 = (bytes: Uint8Array) => digestOfBytes(createHash("sha256").update(bytes).digest());

/** Header without flags, level and time as the format has them. */
const pack = (raw: Uint8Array): Buffer => gzipSync(raw, { level: 9 });

function agentTask(step: string, snapshot: SnapshotDescriptor): Task {
  const common = { dagName: "d", env: new Map(), inputs: [], artifacts: [], outputs: [] };
  return { ref: attemptRef(step), ...common, work: { kind: "agent", prompt: "hi", snapshot } };
}

function commandTask(step: string): Task {
  const common = { dagName: "d", env: new Map(), inputs: [], artifacts: [], outputs: [] };
  const work = { kind: "run", script: "echo alive", shell: ["bash"], workdir: "" } as const;
  return { ref: attemptRef(step), ...common, work };
}

describe("a worker that is given", () => {
  test("a bomb that owns up to its size refuses it by the limit, and goes on", async () => {
    const raw = Buffer.alloc(64 * 1024 * 1024, "a");
    const gzip = pack(raw);
    const sizes = { compressedSize: gzip.length, uncompressedSize: raw.length };
    const result = await coordinator.run(
      agentTask("honest-bomb", { formatVersion: 1, digest: sha256(raw), ...sizes, gzip }),
    );
    expect(result).toMatchObject({ outcome: "failed", failure: { code: "snapshot_too_large" } });
    expect((await coordinator.run(commandTask("after-honest-bomb"))).outcome).toBe("succeeded");
  });

  test("a bomb that claims to be small refuses it, and goes on", async () => {
    const raw = Buffer.alloc(64 * 1024 * 1024, "a");
    const gzip = pack(raw);
    gzip.writeUInt32LE(1024 * 1024, gzip.length - 4);
    const sizes = { compressedSize: gzip.length, uncompressedSize: 1024 * 1024 };
    const result = await coordinator.run(
      agentTask("lying-bomb", { formatVersion: 1, digest: sha256(raw), ...sizes, gzip }),
    );
    expect(result.outcome).toBe("failed");
    expect(result.failure?.code).toMatch(/^snapshot_(hostile|corrupt)$/);
    expect((await coordinator.run(commandTask("after-lying-bomb"))).outcome).toBe("succeeded");
  });

  test("content that is no snapshot refuses it by what is wrong", async () => {
    const raw = Buffer.from('{"format":"something-else"}');
    const gzip = pack(raw);
    const sizes = { compressedSize: gzip.length, uncompressedSize: raw.length };
    const result = await coordinator.run(
      agentTask("no-snapshot", { formatVersion: 1, digest: sha256(raw), ...sizes, gzip }),
    );
    expect(result).toMatchObject({ outcome: "failed", failure: { code: "snapshot_invalid" } });
  });

  test("a format of a later version hands the attempt back, uncounted", async () => {
    const raw = Buffer.from('{"format":"haversack-snapshot","version":99}');
    const gzip = pack(raw);
    const sizes = { compressedSize: gzip.length, uncompressedSize: raw.length };
    const result = await coordinator.run(
      agentTask("later-version", { formatVersion: 99, digest: sha256(raw), ...sizes, gzip }),
    );
    expect(result.outcome).toBe("returned");
  });
});
