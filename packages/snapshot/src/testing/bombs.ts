/** Bytes made to harm a reader, and cheap to make: nothing here holds what they would expand to. */

import { constants, deflateRawSync } from "node:zlib";

const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);

/** A gzip file around a deflate stream, with a trailer that may lie. */
export function member(deflated: Uint8Array, size: number, checksum = 0): Uint8Array {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(size, 4);
  return Buffer.concat([header, deflated, trailer]);
}

const blockBytes = 16 * 1024 * 1024;
const blocksOfGibibyte = 64;

/** A deflate stream of about a megabyte for each gibibyte of zeros that it inflates to. */
export function zeroBlocks(gibibytes: number): Uint8Array {
  const block = deflateRawSync(Buffer.alloc(blockBytes), { finishFlush: constants.Z_SYNC_FLUSH });
  const blocks = Array.from({ length: gibibytes * blocksOfGibibyte }, () => block);
  return Buffer.concat([...blocks, deflateRawSync(Buffer.alloc(0))]);
}

/** Empty blocks with dynamic Huffman tables: a reader builds two large tables for each and gets nothing for it. */
export function tableBomb(count: number): Uint8Array {
  const bits: number[] = [];
  // Eight blocks end with a byte.
  for (let block = 0; block < 8; block++) emptyDynamicBlock(bits);
  const period = Uint8Array.from({ length: bits.length / 8 }, (_, index) =>
    bits.slice(index * 8, index * 8 + 8).reduce((byte, bit, at) => byte | (bit << at), 0),
  );
  return Buffer.concat([
    ...Array.from({ length: Math.ceil(count / 8) }, () => period),
    deflateRawSync(Buffer.alloc(0)),
  ]);
}

/** The lengths 1, 2, … 14, 15, 15 make a full code of the longest kind: tables of 2^15 entries from few bits. */
const lengths = [...Array.from({ length: 15 }, (_, index) => index + 1), 15];

/** 239 bits. */
function emptyDynamicBlock(bits: number[]): void {
  const number = (value: number, length: number) => {
    for (let bit = 0; bit < length; bit++) bits.push((value >> bit) & 1);
  };
  /** Codes of Huffman stand with their first bit first. */
  const code = (value: number, length: number) => {
    for (let bit = length - 1; bit >= 0; bit--) bits.push((value >> bit) & 1);
  };
  number(0, 1); // not the last block
  number(2, 2); // dynamic tables
  number(0, 5); // 257 literal codes
  number(15, 5); // 16 distance codes
  number(15, 4); // 19 code length codes
  // Sixteen of them have 4 bits: 1 to 15, and 18, which repeats zeros.
  for (const symbol of [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])
    number([0, 16, 17].includes(symbol) ? 0 : 4, 3);
  for (const zeros of [138, 103]) {
    code(15, 4);
    number(zeros - 11, 7);
  }
  for (const length of [...lengths, ...lengths]) code(length - 1, 4);
  code(0x7fff, 15); // symbol 256 ends the block: the last of the longest codes
}
