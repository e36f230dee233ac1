/**
 * One flight: an image from where it is to the engine, step by step. Each step is a move on the board; when the table does
 * not have the move, somebody else was first (a cancellation), and the flight ends without a word. Nobody waits for a
 * flight: its outcome is on the board and nowhere else, so it reaches no attempt (F1).
 */

import { join } from "node:path";
import { abortable, type Ms, pause, reasonOf, tryLock } from "@haversack/base";
import type { Digest } from "@haversack/protocol";
import type { RuntimeInfo } from "../runtime/runtime.ts";
import type { Board } from "./board.ts";
import { checkRoom, needsOf } from "./disk.ts";
import { failFlight } from "./fail-flight.ts";
import type { Flight, FlightParts } from "./flight-parts.ts";
import { flyFile } from "./fly-file.ts";
import { flyPull } from "./fly-pull.ts";
import type { ImageRecord } from "./image-record.ts";
import { hexOf } from "./journal.ts";

/** Somebody else has moved the image: whatever the flight would do is not wanted any more. */
class Superseded extends Error {}

/** Never rejects. */
export async function fly(digest: Digest, parts: FlightParts, signal: AbortSignal): Promise<void> {
  const given: (() => Promise<void> | void)[] = [];
  try {
    await flyOrThrow(digest, parts, given, signal);
  } catch (error) {
    // Whoever ended it has moved the image already.
    if (!signal.aborted && !(error instanceof Superseded)) failFlight(digest, parts, error);
  } finally {
    for (const giveBack of given.toReversed()) await giveBack();
  }
}

async function flyOrThrow(
  digest: Digest,
  parts: FlightParts,
  given: (() => Promise<void> | void)[],
  signal: AbortSignal,
): Promise<void> {
  const { board, runtime, permits, engine } = parts;
  // What a deploy waits for, such as the image that it builds in, waits neither for a download in the background nor for leave.
  const isBackground = board.get(digest)?.image.ref === "base";
  if (isBackground) {
    board.explain(digest, "waits for another download of this worker");
    given.push(await parts.turn.take(signal));
  }
  given.push(await hostLock(digest, parts, signal));
  const info = await engineAnswers(digest, parts, signal);
  const step = stepsOf(digest, board, signal);
  if (await isThere(digest, parts, signal)) {
    step("granted");
    return step("already");
  }
  if (isBackground) {
    board.explain(digest, "waits for the coordinator's leave to download");
    await permits.wait(digest, signal);
  }
  step("granted");
  const record = board.get(digest);
  if (record === undefined) return;
  if (record.retired) await runtime.removeImage(record.image.identity, signal);
  await parts.makeRoom();
  const flight = { parts, record, info, signal, step, needsRoom: roomFor(record, info, parts) };
  await (record.status.method === "pull" ? flyPull(flight) : flyFile(flight));
  engine.doubt();
}

function stepsOf(digest: Digest, board: Board, signal: AbortSignal): Flight["step"] {
  return (event, details) => {
    if (signal.aborted) throw reasonOf(signal);
    if (!board.move(digest, event, details)) throw new Superseded();
  };
}

/** An image that is no good is as good as none. */
async function isThere(digest: Digest, parts: FlightParts, signal: AbortSignal): Promise<boolean> {
  const record = parts.board.get(digest);
  if (record === undefined || record.retired) return false;
  const presence = await parts.runtime.inspectImage(record.image.identity, signal);
  return presence.kind === "present";
}

const lockEveryMs: Ms = 1000;

/** Two workers on a host that share a folder fetch an image once: the second finds it at the engine, or goes on with the file. */
async function hostLock(
  digest: Digest,
  parts: FlightParts,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  for (;;) {
    const outcome = await tryLock(join(parts.folder, `${hexOf(digest)}.lock`));
    if (outcome.kind === "locked") return () => outcome.release();
    parts.board.explain(digest, `process ${outcome.pid ?? "?"} on this host fetches it`);
    await pause(parts.ports.clock, lockEveryMs, signal);
  }
}

async function engineAnswers(digest: Digest, parts: FlightParts, signal: AbortSignal): Promise<RuntimeInfo> {
  const { engine, board } = parts;
  for (;;) {
    const info = await engine.ask(signal);
    if (info !== undefined) return info;
    if (signal.aborted) throw reasonOf(signal);
    board.explain(digest, `waits for the container engine: ${engine.why ?? "it does not answer"}`);
    engine.doubt();
    await abortable(engine.answers, signal);
  }
}

/** Of what a registry has, nothing comes into our folder, and how large it is unpacked is guessed, in its disfavour. */
function roomFor({ image }: ImageRecord, info: RuntimeInfo, parts: FlightParts): Flight["needsRoom"] {
  const { file } = image;
  return async (missing) => {
    const bytes =
      file === undefined
        ? { size: missing, unpacked: missing * unpackedTimes, missing: 0 }
        : { size: file.size, unpacked: file.unpacked, missing };
    const needs = needsOf(bytes, info, parts.folder);
    await checkRoom(needs, parts.spaceOf, parts.reserveBytes);
  };
}

const unpackedTimes = 3;
