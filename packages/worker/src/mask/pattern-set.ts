/**
 * Finds many patterns in bytes in one pass: at each place a look at three bytes says whether a pattern may begin there,
 * and only then the patterns that begin with them are compared. A long pattern is cut into pieces that are found one by
 * one, so that what has to be held back at the end of a chunk is short.
 */

const pieceBytesMax = 256;
const tableBits = 16;

export interface Match {
  readonly start: number;
  /** Behind its last byte. */
  readonly end: number;
}

export interface Found {
  /** By their starts, the longest of each start; only those that begin before `holdAt`. */
  readonly matches: readonly Match[];
  /** From here on a pattern may have begun that is not complete; the length of the data: nothing has. */
  readonly holdAt: number;
}

export class PatternSet {
  readonly isEmpty: boolean;
  readonly #mayBegin = new Uint8Array(1 << tableBits);
  readonly #byStart = new Map<number, Buffer[]>();
  readonly #firstBytes = new Uint8Array(256);
  readonly #firstPairs = new Set<number>();

  /** @param patterns of at least three bytes each */
  constructor(patterns: Iterable<string>) {
    const pieces = new Map<string, Buffer>();
    for (const pattern of patterns)
      for (const piece of piecesOf(Buffer.from(pattern))) pieces.set(piece.toString("latin1"), piece);
    for (const piece of pieces.values()) this.#add(piece);
    this.isEmpty = pieces.size === 0;
  }

  /** @param isWhole nothing comes after the data: what is not complete is no pattern */
  find(data: Buffer, isWhole: boolean): Found {
    const matches: Match[] = [];
    const last = data.length - 3;
    let key = data.length < 3 ? 0 : ((data[0] ?? 0) << 8) | (data[1] ?? 0);
    for (let start = 0; start <= last; start++) {
      key = ((key << 8) | (data[start + 2] ?? 0)) & 0xffffff;
      if (this.#mayBegin[slotOf(key)] === 0) continue;
      const { length, mayGoOn } = this.#longestAt(data, start, key);
      if (mayGoOn && !isWhole) return { matches, holdAt: start };
      if (length > 0) matches.push({ start, end: start + length });
    }
    return { matches, holdAt: isWhole ? data.length : this.#holdAt(data) };
  }

  #add(piece: Buffer): void {
    const [first = 0, second = 0, third = 0] = piece;
    const pair = (first << 8) | second;
    const key = (pair << 8) | third;
    this.#mayBegin[slotOf(key)] = 1;
    this.#firstBytes[first] = 1;
    this.#firstPairs.add(pair);
    const others = this.#byStart.get(key);
    if (others === undefined) this.#byStart.set(key, [piece]);
    else others.push(piece);
  }

  /** The longest pattern at a place, 0: none; and whether one that is longer than the data may have begun there. */
  #longestAt(data: Buffer, start: number, key: number) {
    const left = data.length - start;
    let longest = 0;
    let mayGoOn = false;
    for (const piece of this.#byStart.get(key) ?? []) {
      const length = Math.min(piece.length, left);
      if (data.compare(piece, 0, length, start, start + length) !== 0) continue;
      if (length < piece.length) mayGoOn = true;
      else longest = Math.max(longest, length);
    }
    return { length: longest, mayGoOn };
  }

  /** Of the last two bytes, which are too few to be looked up. */
  #holdAt(data: Buffer): number {
    const { length } = data;
    const pair = ((data[length - 2] ?? 0) << 8) | (data[length - 1] ?? 0);
    if (length >= 2 && this.#firstPairs.has(pair)) return length - 2;
    return length >= 1 && this.#firstBytes[data[length - 1] ?? 0] === 1 ? length - 1 : length;
  }
}

const slotOf = (key: number): number => Math.imul(key, 0x9e3779b1) >>> (32 - tableBits);

/** The last piece overlaps the one before it, so that none is short. */
function piecesOf(pattern: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at + pieceBytesMax < pattern.length; at += pieceBytesMax)
    pieces.push(pattern.subarray(at, at + pieceBytesMax));
  pieces.push(pattern.subarray(Math.max(0, pattern.length - pieceBytesMax)));
  return pieces;
}
