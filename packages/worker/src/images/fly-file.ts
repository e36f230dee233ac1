/** A flight whose bytes come through this worker: download, hash, import. */

import { type Ms, messageOf, pause, reasonOf } from "@haversack/base";
import type { BaseImageFile } from "@haversack/protocol";
import { download } from "./download.ts";
import { FlightFault, flightFaultOf } from "./flight-fault.ts";
import type { Flight } from "./flight-parts.ts";
import { limited } from "./limited.ts";
import { type OpenSource, openSource } from "./open-source.ts";
import { PartFile } from "./part-file.ts";
import { Meter } from "./progress.ts";
import { hashFile } from "./verify.ts";

export async function flyFile(flight: Flight): Promise<void> {
  const { file } = flight.record.image;
  if (file === undefined) throw new FlightFault("not_found", "images.json has no file for this engine");
  const part = new PartFile(flight.parts.folder, file);
  try {
    await fetchWhole(flight, file, part);
    await verify(flight, file, part);
    await importWhole(flight, file, part);
  } catch (error) {
    if (flightFaultOf(error, "import_failed").flightCode === "no_space") {
      await part.removePart();
      await part.removeWhole();
    }
    throw error;
  }
}

async function fetchWhole(flight: Flight, file: BaseImageFile, part: PartFile): Promise<void> {
  const { parts, step, signal, needsRoom } = flight;
  if (await part.isWhole()) await part.reopenWhole();
  const kept = await part.kept();
  await needsRoom(file.size - kept.bytes);
  if (kept.bytes === file.size) return step("held");
  const source = await resolve(flight, file, part);
  try {
    const meter = new Meter(parts.ports.clock, file.size, source.offset);
    step("resolved", { status: { progress: meter.progress() } });
    const onBytes = (held: number): void => {
      meter.reached(held);
      parts.board.progress(file.sha256, meter.progress());
    };
    const { bytesPerSecondMax, stallMs, ports } = parts;
    const work = {
      clock: ports.clock,
      part,
      size: file.size,
      onBytes,
      hasRoom: needsRoom,
      bytesPerSecondMax,
      stallMs,
    };
    await download(source, work, signal);
  } finally {
    source.body.destroy();
  }
  step("received");
}

/** The first of the addresses that answers, from the one that is its turn on. What is told is why the last hope failed. */
async function resolve(flight: Flight, file: BaseImageFile, part: PartFile): Promise<OpenSource> {
  const { parts, record, signal } = flight;
  const faults: FlightFault[] = [];
  for (let tried = 0; tried < file.urls.length; tried++) {
    const url = file.urls[(record.source + tried) % file.urls.length] ?? "";
    try {
      return await openSource(parts.net, url, { size: file.size, kept: await part.kept() }, signal);
    } catch (error) {
      if (signal.aborted) throw reasonOf(signal);
      faults.push(flightFaultOf(error, "network"));
    }
  }
  const hopeful = faults.find(({ flightCode }) => flightCode !== "not_found" && flightCode !== "auth");
  throw hopeful ?? faults[0] ?? new FlightFault("not_found", "images.json names no address of the image");
}

async function verify({ step, signal }: Flight, file: BaseImageFile, part: PartFile): Promise<void> {
  const found = await hashFile(part.path, signal);
  if (found !== file.sha256) {
    await part.removePart();
    throw new FlightFault("checksum", `the file has ${found}, images.json says ${file.sha256}`);
  }
  await part.keep();
  step("verified");
}

const importMs: Ms = 15 * 60_000;
const importBytesPerSecond = 5_000_000;

/** Nothing counts but that the engine, asked by identity, has it. */
async function importWhole(flight: Flight, file: BaseImageFile, part: PartFile): Promise<void> {
  const { parts, record, step, signal } = flight;
  const { identity } = record.image;
  const ms = importMs + (file.unpacked / importBytesPerSecond) * 1000;
  const fault = (): FlightFault =>
    new FlightFault(
      "import_failed",
      `the engine did not end the import within ${Math.round(ms / 60_000)} min`,
    );
  await limited(parts.ports.clock, { ms, fault }, signal, async (limit) => {
    const onProgress = (done: number): void =>
      parts.board.progress(file.sha256, { unit: "bytes", done: Math.min(done, file.size), total: file.size });
    await whilePinged(flight, limit, (pinged) =>
      parts.runtime.importImage(part.wholePath, identity, onProgress, pinged),
    );
  });
  const presence = await parts.runtime.inspectImage(identity, signal);
  if (presence.kind === "unknown") throw new FlightFault("runtime_unavailable", presence.why);
  if (presence.kind !== "present") {
    const why = presence.kind === "wrong" ? presence.why : "it has no such image";
    throw new FlightFault("import_failed", `the engine took the file, and then: ${why}`);
  }
  // Gone before anybody hears that it is ready: who looks then finds no file of ours.
  if (!parts.isShared) await part.removeWhole();
  step("imported", { ours: true, retired: false });
}

const pingEveryMs: Ms = 10_000;
const pingsLostMax = 3;

/** An import tells nothing for minutes; an engine that is gone should not be waited for. */
async function whilePinged(
  { parts }: Flight,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const gone = new AbortController();
  const ended = new AbortController();
  const both = AbortSignal.any([signal, gone.signal]);
  const pinging = (async () => {
    for (let lost = 0; ; ) {
      await pause(parts.ports.clock, pingEveryMs, AbortSignal.any([both, ended.signal]));
      lost = (await parts.engine.ask(ended.signal)) === undefined ? lost + 1 : 0;
      if (lost >= pingsLostMax)
        gone.abort(
          new FlightFault("runtime_unavailable", `the engine is gone: ${parts.engine.why ?? "no answer"}`),
        );
    }
  })().catch((error: unknown) => parts.ports.log.debug({ why: messageOf(error) }, "no more pings"));
  try {
    await work(both);
  } catch (error) {
    throw gone.signal.aborted && !signal.aborted ? reasonOf(gone.signal) : error;
  } finally {
    ended.abort();
    await pinging;
  }
}
