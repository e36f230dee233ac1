import { crc32, deflateRawSync, gzipSync as nodeGzip } from "node:zlib";
import { gzipSync } from "fflate";
import { beforeAll, describe, expect, test } from "vitest";
import { buildPin } from "./build/builder.ts";
import type { Pack } from "./build/pack.ts";
import { parseDigestName, sha256 } from "./format/digest.ts";
import { type ExpectedPack, guardSnapshot } from "./guard.ts";
import { settleLimits } from "./limits.ts";
import { member, tableBomb, zeroBlocks } from "./testing/bombs.ts";
import { codeOf } from "./testing/code-of.ts";
import { samplePlan } from "./testing/sample.ts";

let pack: Pack;
let raw: Uint8Array;
beforeAll(() => {
  pack = buildPin(samplePlan);
  raw = guardSnapshot(pack.gzip, pack).raw;
});

/** What a task would say about these bytes if the coordinator had been fooled. */
function claimed(bytes: Uint8Array, content: Uint8Array, change: Partial<ExpectedPack> = {}): ExpectedPack {
  return {
    formatVersion: 1,
    digest: sha256(content),
    compressedSize: bytes.length,
    uncompressedSize: bytes.length < 4 ? 0 : Buffer.from(bytes).readUInt32LE(bytes.length - 4),
    ...change,
  };
}

function flipped(bytes: Uint8Array, index: number, bits = 0xff): Uint8Array {
  const copy = bytes.slice();
  copy[index] = (copy[index] ?? 0) ^ bits;
  return copy;
}

describe("the guard accepts", () => {
  test("what the builder wrote", () => {
    expect(guardSnapshot(pack.gzip, pack).content.format).toBe("haversack-snapshot");
  });

  test("other gzip writers and levels, as long as there are no flags", () => {
    for (const level of [0, 1, 9]) {
      const bytes = nodeGzip(raw, { level });
      expect(guardSnapshot(bytes, claimed(bytes, raw)).raw).toEqual(raw);
    }
    const stored = gzipSync(raw, { mtime: 0, level: 0 });
    expect(codeOf(() => guardSnapshot(stored, claimed(stored, raw)))).toBe("accepted");
  });
});

describe("the guard refuses", () => {
  test("a pack that was cut at any length", () => {
    const bytes = pack.gzip;
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.slice(0, length);
      expect(codeOf(() => guardSnapshot(cut, pack))).toBe("snapshot_corrupt");
      // Even where sizes were made to fit the cut.
      const fooled = claimed(cut, raw);
      expect(["snapshot_corrupt", "snapshot_too_large"]).toContain(codeOf(() => guardSnapshot(cut, fooled)));
    }
  });

  test("a pack with any byte flipped, unless the byte says nothing", () => {
    const bytes = pack.gzip;
    for (let index = 0; index < bytes.length; index++) {
      const outcome = codeOf(() => guardSnapshot(flipped(bytes, index), pack));
      // Time, extra flags and operating system of the header are free.
      const free = index >= 4 && index <= 9;
      expect(
        free ? outcome === "accepted" : outcome.startsWith("snapshot_"),
        `byte ${index}: ${outcome}`,
      ).toBe(true);
    }
  });

  test.each([1, 2, 3, 4, 8, 18, 1024])("%d zeros or other bytes after the end", (count) => {
    for (const fill of [0, 0xa5]) {
      const bytes = Buffer.concat([pack.gzip, Buffer.alloc(count, fill)]);
      expect(codeOf(() => guardSnapshot(bytes, pack))).toBe("snapshot_corrupt");
      const repaired = Buffer.concat([bytes, pack.gzip.slice(-8)]);
      expect(codeOf(() => guardSnapshot(repaired, claimed(repaired, raw)))).toBe("snapshot_corrupt");
    }
  });

  test("bytes between the end of the stream and the trailer", () => {
    const bytes = Buffer.concat([pack.gzip.slice(0, -8), Buffer.from("smuggled"), pack.gzip.slice(-8)]);
    expect(codeOf(() => guardSnapshot(bytes, claimed(bytes, raw)))).toBe("snapshot_corrupt");
  });

  test("a second member", () => {
    const bytes = Buffer.concat([pack.gzip, pack.gzip]);
    expect(codeOf(() => guardSnapshot(bytes, claimed(bytes, raw)))).toBe("snapshot_hostile");
    const emptyFirst = Buffer.concat([nodeGzip(""), pack.gzip]);
    expect(codeOf(() => guardSnapshot(emptyFirst, claimed(emptyFirst, raw)))).toBe("snapshot_hostile");
  });

  test("a name, a comment or an extra field in the header", () => {
    const named = gzipSync(raw, { mtime: 0, filename: "../../etc/passwd" });
    expect(codeOf(() => guardSnapshot(named, claimed(named, raw)))).toBe("snapshot_corrupt");
    for (const flags of [1, 2, 4, 8, 16, 32, 255]) {
      expect(codeOf(() => guardSnapshot(flipped(pack.gzip, 3, flags), pack))).toBe("snapshot_corrupt");
    }
  });

  test("a trailer that lies about the size or the checksum", () => {
    for (const [lie, code] of [
      [0, "snapshot_corrupt"],
      [raw.length - 1, "snapshot_corrupt"],
      [raw.length + 1, "snapshot_corrupt"],
      [0xffffffff, "snapshot_too_large"],
    ] as const) {
      const bytes = member(deflateRawSync(raw), lie, crc32(raw));
      expect(codeOf(() => guardSnapshot(bytes, claimed(bytes, raw)))).toBe(code);
    }
    const wrong = member(deflateRawSync(raw), raw.length, crc32(raw) ^ 1);
    expect(codeOf(() => guardSnapshot(wrong, claimed(wrong, raw)))).toBe("snapshot_corrupt");
  });

  test("another digest, size or version than the task says", () => {
    const other = parseDigestName(`sha256:${"0".repeat(64)}`);
    expect(codeOf(() => guardSnapshot(pack.gzip, { ...pack, digest: other }))).toBe("snapshot_corrupt");
    expect(codeOf(() => guardSnapshot(pack.gzip, { ...pack, digest: new Uint8Array(0) }))).toBe(
      "snapshot_corrupt",
    );
    expect(codeOf(() => guardSnapshot(pack.gzip, { ...pack, compressedSize: 1 }))).toBe("snapshot_corrupt");
    expect(codeOf(() => guardSnapshot(pack.gzip, { ...pack, uncompressedSize: 1 }))).toBe("snapshot_corrupt");
    expect(codeOf(() => guardSnapshot(pack.gzip, { ...pack, formatVersion: 2 }))).toBe(
      "snapshot_version_unsupported",
    );
  });

  test("sizes over the limits, before anything is inflated", () => {
    const compressed = settleLimits({ compressedBytesMax: pack.compressedSize - 1 });
    const uncompressed = settleLimits({ uncompressedBytesMax: pack.uncompressedSize - 1 });
    expect(codeOf(() => guardSnapshot(pack.gzip, pack, compressed))).toBe("snapshot_too_large");
    expect(codeOf(() => guardSnapshot(pack.gzip, pack, uncompressed))).toBe("snapshot_too_large");
  });
});

describe("bombs cost little", () => {
  const mebibyte = 1024 * 1024;

  test("a gibibyte of zeros stops at the ratio, in bounded memory", () => {
    const bytes = member(zeroBlocks(1), 16 * mebibyte);
    expect(bytes.length).toBeLessThan(1.2 * mebibyte);
    const before = process.memoryUsage().rss;
    expect(codeOf(() => guardSnapshot(bytes, claimed(bytes, raw)))).toBe("snapshot_hostile");
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * mebibyte);
  });

  test("a bomb whose trailer claims little is stopped at that size", () => {
    const bytes = member(zeroBlocks(1), 1000);
    expect(["snapshot_corrupt", "snapshot_hostile"]).toContain(
      codeOf(() => guardSnapshot(bytes, claimed(bytes, raw))),
    );
  });

  test("a ratio bomb within all sizes", () => {
    const zeros = Buffer.alloc(8 * mebibyte);
    const bytes = nodeGzip(zeros);
    expect(codeOf(() => guardSnapshot(bytes, claimed(bytes, zeros)))).toBe("snapshot_hostile");
  });

  test("a table bomb yields no byte and is stopped by CPU time", () => {
    const bytes = member(tableBomb(20_000), 100);
    const limits = settleLimits({ cpuMsMax: 50 });
    const from = performance.now();
    expect(codeOf(() => guardSnapshot(bytes, claimed(bytes, raw), limits))).toBe("snapshot_hostile");
    expect(performance.now() - from).toBeLessThan(2000);
  });
});
