/**
 * What an attempt leaves behind until the coordinator has it: a folder with one file for each log stream and, in the
 * end, the result. Log bytes are sent from the file, from the acknowledged offset on, within a window; a result is
 * flushed to the disk with its logs before the attempt counts as done. So nothing is lost when the link breaks, the
 * coordinator is away, or the worker is killed after the result (G1).
 *
 *   open ──seal(result)──▶ sealed ──logs and result acknowledged──▶ dropped
 */

import { createHash, type Hash } from "node:crypto";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { FaultError, messageOf } from "@haversack/base";
import {
  type AttemptRef,
  type AttemptResult,
  chunkBytesMax,
  type LogAck,
  type LogEnd,
  type LogStream,
  parseDigest,
} from "@haversack/protocol";
import type { AttemptLog } from "../execute/executor.ts";
import type { Uplink } from "../session/uplink.ts";
import { type AttemptBounds, cutMarker, type LogBounds } from "./log-bounds.ts";
import { writeResult } from "./result-file.ts";

/** Bytes of one stream that may be under way. */
const windowBytes = 1024 * 1024;

export interface SpoolParts {
  readonly uplink: Uplink;
  /** Of this worker. */
  readonly bounds: LogBounds;
}

interface StreamState {
  readonly stream: LogStream;
  readonly file: FileHandle;
  readonly hash: Hash | undefined;
  length: number;
  sentTo: number;
  ackedTo: number;
  /** What was cut since the last byte that was kept. */
  cut: { bytes: number; why: string } | undefined;
}

export class AttemptSpool implements AttemptLog {
  readonly ref: AttemptRef;
  readonly folder: string;
  readonly #uplink: Uplink;
  readonly #bounds: AttemptBounds;
  readonly #streams = new Map<LogStream, StreamState>();
  readonly #stopListening: () => void;
  #writing: Promise<void> = Promise.resolve();
  /** Something may be sendable that the pump has not looked at. */
  #pumpAsked = false;
  #pumping = false;
  #result: AttemptResult | undefined;
  #resultSent = false;
  #closed = false;

  /** Of all streams, on this disk. */
  get bytes(): number {
    return [...this.#streams.values()].reduce((sum, { length }) => sum + length, 0);
  }

  private constructor(ref: AttemptRef, folder: string, { uplink, bounds }: SpoolParts) {
    this.#bounds = bounds.forAttempt();
    this.ref = ref;
    this.folder = folder;
    this.#uplink = uplink;
    this.#stopListening = uplink.onUp(() => this.#again());
  }

  /** @param root the worker's spool folder */
  static async create(ref: AttemptRef, root: string, parts: SpoolParts): Promise<AttemptSpool> {
    const folder = join(root, folderName(ref));
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new AttemptSpool(ref, folder, parts);
  }

  /** A result that an earlier process of this worker left behind. */
  static async reopen(result: AttemptResult, folder: string, parts: SpoolParts): Promise<AttemptSpool> {
    const spool = new AttemptSpool(result.ref, folder, parts);
    try {
      for (const end of result.logs) await spool.#reopenStream(end);
    } catch (error) {
      await spool.close();
      throw error;
    }
    spool.#result = result;
    return spool;
  }

  async #reopenStream({ stream, length }: LogEnd): Promise<void> {
    const file = await open(join(this.folder, `${stream}.log`), "r");
    const state: StreamState = {
      stream,
      file,
      hash: undefined,
      length,
      sentTo: 0,
      ackedTo: 0,
      cut: undefined,
    };
    this.#streams.set(stream, state);
    this.#bounds.hold(length);
    const { size } = await file.stat();
    if (size >= length) return;
    const message = `the spooled ${stream} has ${size} bytes, its result says ${length}`;
    throw new FaultError("corrupt", "spool_corrupt", message);
  }

  write(stream: LogStream, data: Uint8Array): Promise<void> {
    const copy = new Uint8Array(data);
    this.#writing = this.#writing.then(() => this.#append(stream, copy));
    return this.#writing;
  }

  note(text: string): void {
    // A failing disk shows when the attempt is sealed, which awaits every write.
    this.write("system", Buffer.from(`${text}\n`)).catch(() => {});
  }

  /** The result is on the disk, with all of its log, when this resolves. */
  async seal(result: Omit<AttemptResult, "logs">): Promise<void> {
    await this.#writing;
    for (const state of this.#streams.values()) await this.#markCut(state);
    const logs: LogEnd[] = [];
    for (const state of this.#streams.values()) {
      await state.file.sync();
      const sha256 = parseDigest(`sha256:${(state.hash ?? createHash("sha256")).copy().digest("hex")}`);
      logs.push({ stream: state.stream, length: state.length, sha256 });
    }
    this.#result = { ...result, logs };
    await writeResult(this.folder, this.#result);
    this.#pump();
  }

  acknowledgeLog({ stream, nextOffset }: LogAck): void {
    const state = this.#streams.get(stream);
    if (state === undefined) return;
    if (nextOffset > state.length) {
      throw new FaultError(
        "bug",
        "log_ack_ahead",
        `acknowledged ${nextOffset} of ${state.length} bytes of ${stream}`,
      );
    }
    // The coordinator may have less than was sent: it then says where to go on.
    if (nextOffset < state.ackedTo) state.sentTo = nextOffset;
    state.ackedTo = nextOffset;
    state.sentTo = Math.max(state.sentTo, nextOffset);
    this.#pump();
  }

  /** The coordinator has everything, or wants none of it: the folder goes. */
  async drop(): Promise<void> {
    await this.close();
    await rm(this.folder, { recursive: true, force: true });
    this.#bounds.release();
  }

  /** Sends nothing more and gives the files back; what is on the disk stays for the next start. Safe twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopListening();
    await this.#writing.catch(() => {});
    for (const { file } of this.#streams.values()) await file.close().catch(() => {});
  }

  async #append(stream: LogStream, data: Uint8Array): Promise<void> {
    if (this.#closed) return;
    const state = await this.#open(stream);
    const { kept, why } = this.#bounds.admit(state.length, data.length, state.cut !== undefined);
    if (kept > 0) {
      await this.#markCut(state);
      await this.#keep(state, data.subarray(0, kept));
    }
    if (why === undefined) return;
    const { bytes = 0 } = state.cut ?? {};
    state.cut = { bytes: bytes + data.length - kept, why };
  }

  async #keep(state: StreamState, data: Uint8Array): Promise<void> {
    await state.file.appendFile(data);
    state.hash?.update(data);
    state.length += data.length;
    this.#pump();
  }

  async #markCut(state: StreamState): Promise<void> {
    if (state.cut === undefined) return;
    const marker = cutMarker(state.cut.bytes, state.cut.why);
    state.cut = undefined;
    this.#bounds.hold(marker.length);
    await this.#keep(state, marker);
  }

  async #open(stream: LogStream): Promise<StreamState> {
    const known = this.#streams.get(stream);
    if (known !== undefined) return known;
    const file = await open(join(this.folder, `${stream}.log`), "ax+", 0o600);
    const state: StreamState = {
      stream,
      file,
      hash: createHash("sha256"),
      length: 0,
      sentTo: 0,
      ackedTo: 0,
      cut: undefined,
    };
    this.#streams.set(stream, state);
    return state;
  }

  /** A new session: what was under way may be lost. */
  #again(): void {
    for (const state of this.#streams.values()) state.sentTo = state.ackedTo;
    this.#resultSent = false;
    this.#pump();
  }

  /** Safe at any time: whoever asks while the pump runs makes it look once more before it rests. */
  #pump(): void {
    this.#pumpAsked = true;
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    this.#pumpWhileAsked().catch((error: unknown) => {
      const message = `a log cannot be read from this worker's disk: ${messageOf(error)}`;
      this.#uplink.broken(new FaultError("unavailable", "spool_failed", message, { cause: error }));
    });
  }

  async #pumpWhileAsked(): Promise<void> {
    try {
      while (this.#pumpAsked) {
        this.#pumpAsked = false;
        await this.#sendAll();
      }
    } finally {
      // In the same turn as the last look, so that no call can fall between the two.
      this.#pumping = false;
    }
  }

  async #sendAll(): Promise<void> {
    while (this.#uplink.isUp && !this.#closed) {
      const state = [...this.#streams.values()].find(
        ({ length, sentTo, ackedTo }) => sentTo < length && sentTo - ackedTo < windowBytes,
      );
      if (state === undefined) break;
      await this.#sendChunk(state);
    }
    this.#sendResult();
  }

  async #sendChunk(state: StreamState): Promise<void> {
    const offset = state.sentTo;
    const size = Math.min(chunkBytesMax, state.length - offset);
    const { bytesRead, buffer } = await state.file.read(Buffer.alloc(size), 0, size, offset);
    // A new session may have moved the offset back while the file was read.
    if (state.sentTo !== offset || bytesRead === 0) return;
    this.#uplink.chunk({ ref: this.ref, stream: state.stream, offset, data: buffer.subarray(0, bytesRead) });
    state.sentTo = offset + bytesRead;
  }

  /** The result goes last: when the coordinator accepts it, it has the whole log. */
  #sendResult(): void {
    if (this.#result === undefined || this.#resultSent || !this.#uplink.isUp || this.#closed) return;
    const complete = [...this.#streams.values()].every(({ ackedTo, length }) => ackedTo === length);
    if (!complete) return;
    this.#resultSent = true;
    this.#uplink.result(this.#result);
  }
}

/** Every character of these ids may stand in a file name. */
export function folderName({ runId, stepId, attempt, generation }: AttemptRef): string {
  return `${runId}.${stepId}.${attempt}.${generation}`;
}
