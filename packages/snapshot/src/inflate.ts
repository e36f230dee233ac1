/**
 * Decompression in bounded memory and bounded CPU time. fflate's one-call readers ignore CRC and size, join members and
 * allocate what the trailer claims; its streaming reader in small pieces does none of that under these rules.
 */

import { threadCpuUsage } from "node:process";
import { messageOf } from "@haversack/base";
import { Gunzip } from "fflate";
import { SnapshotError } from "./errors.ts";
import { bytes as bytesText } from "./format/sizes.ts";
import type { SnapshotLimits } from "./limits.ts";

/**
 * Deflate expands at most 1,032 : 1, so one push yields about 4 MiB at most: the live bound is the limit and one push.
 * This size is the guard. Smaller ones cost fflate a buffer of 160 KiB each: with 1 KiB a good pack takes twice as long.
 */
const pushBytes = 4096;
/** A second member's header, empty: the reader reports it only when the first member ended exactly before it. */
const sentinel = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);

type InflateLimits = Pick<SnapshotLimits, "ratioMax" | "ratioFromBytes" | "cpuMsMax">;

/**
 * Exactly `size` bytes from exactly one member that ends exactly where the input does. `piece`: bytes for each push; a
 * smaller one is as safe and slower.
 */
export function inflate(
  input: Uint8Array,
  size: number,
  limits: InflateLimits,
  piece: number = pushBytes,
): Uint8Array {
  const state = new Inflation(input, size, limits);
  for (let offset = 0; offset < input.length; offset += piece) {
    // A copy, because the reader may keep what it was given.
    state.push(input.slice(offset, offset + piece));
  }
  return state.end();
}

class Inflation {
  readonly #input: Uint8Array;
  readonly #output: Uint8Array;
  readonly #limits: InflateLimits;
  readonly #gunzip = new Gunzip();
  readonly #cpuFrom = cpuMs();
  #in = 0;
  #out = 0;
  #memberAt: number | undefined;

  constructor(input: Uint8Array, size: number, limits: InflateLimits) {
    this.#input = input;
    this.#output = new Uint8Array(size);
    this.#limits = limits;
    this.#gunzip.ondata = (data) => this.#take(data);
    this.#gunzip.onmember = (offset) => {
      // The only one that may be reported is the sentinel, after the last byte.
      if (this.#in < this.#input.length || offset < this.#input.length)
        throw hostile("it has a second gzip member");
      this.#memberAt = offset;
    };
  }

  push(chunk: Uint8Array): void {
    this.#in += chunk.length;
    this.#feed(chunk);
    this.#checkCost();
  }

  end(): Uint8Array {
    this.#feed(sentinel);
    if (this.#memberAt !== this.#input.length) {
      throw corrupt("the compressed data does not end where the pack ends");
    }
    if (this.#out !== this.#output.length) {
      throw corrupt(`it holds ${this.#out} bytes, its trailer says ${this.#output.length}`);
    }
    return this.#output;
  }

  #feed(chunk: Uint8Array): void {
    try {
      this.#gunzip.push(chunk);
    } catch (error) {
      if (error instanceof SnapshotError) throw error;
      throw new SnapshotError("snapshot_corrupt", `the pack cannot be decompressed: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  #take(data: Uint8Array): void {
    const room = this.#output.length - this.#out;
    // A bomb is told by what it cost to make; anything less may be an accident on the way.
    if (data.length > room) {
      this.#checkRatio(this.#out + data.length);
      throw corrupt(`it holds more than the ${this.#output.length} bytes its trailer says`);
    }
    this.#output.set(data, this.#out);
    this.#out += data.length;
  }

  #checkCost(): void {
    this.#checkRatio(this.#out);
    const spent = cpuMs() - this.#cpuFrom;
    if (spent > this.#limits.cpuMsMax)
      throw hostile(`decoding it takes more than ${this.#limits.cpuMsMax} ms of CPU time`);
  }

  #checkRatio(out: number): void {
    const { ratioFromBytes, ratioMax } = this.#limits;
    if (out >= ratioFromBytes && out > this.#in * ratioMax) {
      throw hostile(`${bytesText(out)} come out of ${bytesText(this.#in)}, more than ${ratioMax} : 1`);
    }
  }
}

function cpuMs(): number {
  const { user, system } = threadCpuUsage();
  return (user + system) / 1000;
}

function hostile(why: string): SnapshotError {
  return new SnapshotError("snapshot_hostile", `the pack is refused: ${why}`);
}

function corrupt(why: string): SnapshotError {
  return new SnapshotError("snapshot_corrupt", `the pack is damaged: ${why}`);
}
