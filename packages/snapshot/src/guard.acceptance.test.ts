import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { tempFolder } from "../../../tests/support/temp-folder.ts";
import { defaultLimits } from "./limits.ts";
import { member, tableBomb, zeroBlocks } from "./testing/bombs.ts";
import type { GuardCost } from "./testing/guard-child.ts";

const mebibyte = 1024 * 1024;
const { compressedBytesMax, cpuMsMax, uncompressedBytesMax } = defaultLimits;
/** Beyond a process that runs the same code over a small pack. */
const extraBytesMax = 2 * uncompressedBytesMax + 8 * mebibyte;
const guardMsMax = 500;

/** The guard over these bytes in a process of its own; nothing: over the golden pack. */
async function guarded(bytes?: Uint8Array, cpuMs?: number): Promise<GuardCost> {
  await using temp = await tempFolder();
  const file = join(temp.path, "pack.gz");
  if (bytes !== undefined) await writeFile(file, bytes);
  const program = join(import.meta.dirname, "testing/guard-child.ts");
  const args = [
    program,
    ...(bytes === undefined ? [] : [file]),
    ...(cpuMs === undefined ? [] : [`${cpuMs}`]),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as GuardCost;
}

let base: GuardCost;
beforeAll(async () => {
  base = await guarded();
});

describe("four gibibytes in four mebibytes", () => {
  const zeros = zeroBlocks(4);

  test("is what the bomb holds", () => {
    expect(zeros.length).toBeGreaterThan(0.97 * compressedBytesMax);
    expect(zeros.length + 18).toBeLessThanOrEqual(compressedBytesMax);
    expect(base.code).toBe("accepted");
  });

  test.each([
    // The true size, as far as the field holds it: 2^32 is 0 there.
    ["0", 0, "snapshot_hostile", /more than 250 : 1/],
    ["a little", 1000, "snapshot_hostile", /more than 250 : 1/],
    ["just what is allowed", uncompressedBytesMax, "snapshot_hostile", /more than 250 : 1/],
    ["one byte more", uncompressedBytesMax + 1, "snapshot_too_large", /over the limit of 16\.0 MiB/],
    ["all that the field holds", 0xffffffff, "snapshot_too_large", /over the limit of 16\.0 MiB/],
  ])("is refused by the limit's name, quickly and in little memory, when it claims %s", async (...row) => {
    const [, size, code, message] = row;
    const cost = await guarded(member(zeros, size));
    expect(cost).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(cost.wallMs).toBeLessThan(guardMsMax);
    expect(cost.maxRssBytes - base.maxRssBytes).toBeLessThan(extraBytesMax);
  });

  test("and one byte over the compressed limit is not even looked at", async () => {
    const padded = Buffer.concat([zeros, Buffer.alloc(compressedBytesMax + 1 - 18 - zeros.length)]);
    const cost = await guarded(member(padded, uncompressedBytesMax));
    expect(cost).toMatchObject({ code: "snapshot_too_large", message: expect.stringContaining("4.0 MiB") });
    expect(cost.wallMs).toBeLessThan(guardMsMax);
  });
});

describe("a table bomb of four mebibytes, which yields no byte", () => {
  // 30 bytes less a bit for each block.
  const bytes = member(tableBomb(140_000), 100);
  /** One push between two looks at the clock, on a machine with other work. */
  const slackMs = 500;
  /** Tables that wait for the collector: it comes when it likes, but it comes. */
  const garbageBytesMax = 160 * mebibyte;

  test("fills the compressed limit", () => {
    expect(bytes.length).toBeGreaterThan(0.9 * compressedBytesMax);
    expect(bytes.length).toBeLessThanOrEqual(compressedBytesMax);
  });

  test.each([
    ["its budget, when that is small", 100],
    ["the default budget", undefined],
  ])("is refused within %s", { timeout: 60_000 }, async (_, budget) => {
    const cost = await guarded(bytes, budget);
    const max = budget ?? cpuMsMax;
    expect(cost).toMatchObject({
      code: "snapshot_hostile",
      message: expect.stringContaining(`more than ${max} ms of CPU time`),
    });
    expect(cost.cpuMs).toBeGreaterThanOrEqual(max);
    expect(cost.cpuMs).toBeLessThan(max + slackMs);
    expect(cost.maxRssBytes - base.maxRssBytes).toBeLessThan(garbageBytesMax);
  });
});
