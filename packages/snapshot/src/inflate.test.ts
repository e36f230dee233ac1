import { constants, deflateRawSync, type ZlibOptions } from "node:zlib";
import { describe, expect, test } from "vitest";
import { inflate } from "./inflate.ts";
import { defaultLimits } from "./limits.ts";
import { member } from "./testing/bombs.ts";

/** Something of everything that deflate treats in its own way: words, runs, far repeats, noise. */
const noise = Uint8Array.from({ length: 150 }, (_, index) => ((index * 2_654_435_761) >>> 13) & 255);
const content = Buffer.concat([
  Buffer.from("the quick brown fox jumps over the lazy dog\n".repeat(12)),
  noise,
  Buffer.alloc(400, "a"),
  noise.toReversed(),
  Buffer.from('{"key":"value","list":[1,2,3]}'.repeat(12)),
  noise,
]);

const pieces = [1, 2, 7, 64, 1024, 4096];

function expectWhole(input: Uint8Array, options: ZlibOptions, through: readonly number[] = pieces): void {
  const bytes = member(deflateRawSync(input, options), input.length);
  for (const piece of through) {
    const found = inflate(bytes, input.length, defaultLimits, piece);
    expect(Buffer.compare(found, input), `pieces of ${piece}`).toBe(0);
  }
}

describe("what other writers deflated comes out whole, through pushes of any size", () => {
  const strategies = {
    default: constants.Z_DEFAULT_STRATEGY,
    filtered: constants.Z_FILTERED,
    "Huffman only": constants.Z_HUFFMAN_ONLY,
    "run lengths": constants.Z_RLE,
    fixed: constants.Z_FIXED,
  };
  const levels = Array.from({ length: 10 }, (_, level) => level);
  /** The smallest pieces cost most, and levels next to each other write the same kinds of blocks. */
  const largerPieces = pieces.filter((piece) => piece > 2);
  const piecesAt = (level: number) => ([0, 1, 6, 9].includes(level) ? pieces : largerPieces);

  test.each(Object.entries(strategies))("strategy %s at every level", (_, strategy) => {
    for (const level of levels) expectWhole(content, { strategy, level }, piecesAt(level));
  });

  test.each([8, 9, 10, 11, 12, 13, 14, 15])("a window of 2^%i bytes", (windowBits) => {
    for (const memLevel of [1, 9]) expectWhole(content, { windowBits, memLevel });
  });

  test("nothing, one byte, and many blocks of a few bytes", () => {
    expectWhole(new Uint8Array(0), {});
    expectWhole(Uint8Array.of(255), {});
    for (const level of [0, 9]) {
      const blocks = Array.from({ length: 50 }, (_, index) =>
        deflateRawSync(content.subarray(index * 20, index * 20 + 20), {
          level,
          finishFlush: constants.Z_SYNC_FLUSH,
        }),
      );
      const stream = Buffer.concat([...blocks, deflateRawSync(Buffer.alloc(0))]);
      for (const piece of pieces) {
        const found = inflate(member(stream, 1000), 1000, defaultLimits, piece);
        expect(Buffer.compare(found, content.subarray(0, 1000))).toBe(0);
      }
    }
  });
});
