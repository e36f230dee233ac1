/** Puts the images of a worker together, and says what becomes of them when the worker starts, is told something, and stops. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Background, type Ms, messageOf, type Ports, pause } from "@haversack/base";
import type { ContainerEngine, DownwardBeside, Upward } from "@haversack/protocol";
import type { ImageSettings } from "../config/image-settings.ts";
import type { Runtime, RuntimeInfo } from "../runtime/runtime.ts";
import { Board } from "./board.ts";
import { Desk, mayFetch } from "./desk.ts";
import { checkRoom, needsOf, reserveBytes, type SpaceOf, systemSpaceOf } from "./disk.ts";
import { stallMs } from "./download.ts";
import { EngineWatch } from "./engine-watch.ts";
import { Flights } from "./flights.ts";
import type { ImageRecord } from "./image-record.ts";
import type { Images } from "./images.ts";
import { Journal } from "./journal.ts";
import { Leases } from "./leases.ts";
import { openNet } from "./net.ts";
import { sweep, sweepEveryMs } from "./sweep.ts";
import { Permits, Turn } from "./turn.ts";
import { WorkerImages } from "./worker-images.ts";

export interface OpenImagesParts {
  readonly ports: Ports;
  readonly runtime: Runtime;
  /** What it is meant to be, until it has said so itself. */
  readonly kind: RuntimeInfo["kind"];
  readonly settings: ImageSettings;
  /** Of the worker. */
  readonly dataDir: string;
  readonly hostEnv: ReadonlyMap<string, string>;
  readonly uplink: {
    send(message: Upward): void;
    onUp(listener: () => void): () => void;
  };
  /** Tests have smaller disks and less patience. */
  readonly limits?: { readonly spaceOf?: SpaceOf; readonly reserveBytes?: number; readonly stallMs?: Ms };
}

export interface OpenedImages {
  readonly images: Images;
  /** For the hello. */
  engine(): ContainerEngine;
  /** Reads what was written down; the engine is asked in the background, and nobody waits for it. */
  start(): Promise<void>;
  /** Of the session. @returns whether it was about images */
  take(message: DownwardBeside): boolean;
  /** At most two seconds. */
  stop(): Promise<void>;
}

export function openImages(parts: OpenImagesParts): OpenedImages {
  const { ports, runtime, settings, uplink, hostEnv } = parts;
  const own = join(parts.dataDir, "images");
  const folder = settings.folder ?? own;
  const isShared = folder !== own;
  const journal = new Journal(own);
  const stopping = new AbortController();
  const leases = new Leases();
  const board = new Board({
    ports,
    journal,
    isBarred: ({ status }) => status.ref === "base" && !mayFetch(settings.prefetch.policy),
    tell: (statuses) => uplink.send({ kind: "images", statuses }),
  });
  const permits = new Permits({
    ...ports,
    ask: (digest) => uplink.send({ kind: "imagePermit", digest }),
    onUp: (listener) => uplink.onUp(listener),
  });
  const engine = new EngineWatch({
    ports,
    runtime,
    kind: parts.kind,
    prefetch: settings.prefetch,
    onAsked: (signal) => images.lookAtAll(signal),
    onChanged: (told) => uplink.send({ kind: "engine", engine: told }),
  });
  const net = openNet(hostEnv, settings.credentials, ports.clock);
  const spaceOf = parts.limits?.spaceOf ?? systemSpaceOf;
  const disk = { folder, isShared, spaceOf, reserveBytes: parts.limits?.reserveBytes ?? reserveBytes };
  const lookParts = { clock: ports.clock, runtime, board, engine };
  const clean = (): Promise<void> =>
    sweep(
      { ports, runtime, board, leases, ...disk, info: () => engine.info, wanted: () => images.kept },
      stopping.signal,
    );
  const flights = new Flights({
    ports,
    runtime,
    engine,
    board,
    permits,
    ...disk,
    net,
    turn: new Turn(),
    bytesPerSecondMax: settings.bytesPerSecondMax,
    stallMs: parts.limits?.stallMs ?? stallMs,
    makeRoom: clean,
    onCancelled: (digest) => {
      const record = board.get(digest);
      if (record !== undefined) void images.lookAfterCancel(record.image);
    },
    hasRoom: (record) => hasRoom(record, disk, engine.info),
  });
  const images = new WorkerImages({
    ...lookParts,
    ports,
    desk: new Desk(board, ports.clock),
    flights,
    leases,
    permits,
    net,
    settings,
    stopping: stopping.signal,
  });
  const onFailure = (error: unknown): void =>
    ports.log.error({ error: messageOf(error) }, "images are not looked after any more");
  const loops = [
    new Background("engine-watch", (signal) => engine.run(signal), onFailure),
    new Background("image-sweep", (signal) => sweeping(clean, ports, signal), onFailure),
  ];
  return {
    images,
    engine: () => engine.engine(),
    async start() {
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch(onFailure);
      for (const record of await journal.load(ports.clock.now())) board.put(asAsked(record, settings));
      for (const loop of loops) await loop.start();
    },
    take: (message) => take(message, images, uplink),
    async stop() {
      images.stop();
      const ended = flights.stop();
      stopping.abort("the worker stops");
      await ended;
      for (const loop of loops) await loop.stop("now");
      board.stop();
      await board.settled();
    },
  };
}

function take(message: DownwardBeside, images: WorkerImages, uplink: OpenImagesParts["uplink"]): boolean {
  switch (message.kind) {
    case "baseImage":
      images.wanted(message.base);
      return true;
    case "imagePermit":
      images.permitted(message.digest);
      return true;
    case "imageOrder":
      void images.order(message.order).then((answer) => uplink.send({ kind: "imageAnswer", answer }));
      return true;
    case "removeContainers":
    case "deploymentLog":
      return false;
  }
}

/** What the engine has is asked anew, and what nobody wants any more does not go on. */
function asAsked(record: ImageRecord, { prefetch }: ImageSettings): ImageRecord {
  const { state, cause, ref } = record.status;
  const isUnwanted =
    state === "queued" && cause !== "operator" && ref === "base" && !mayFetch(prefetch.policy);
  const isAsked = state === "ready" || state === "absent" || state === "disabled";
  if (!isUnwanted && !isAsked) return record;
  const { why: _, ...status } = record.status;
  return { ...record, status: { ...status, state: "unknown", why: "the engine was not asked yet" } };
}

async function sweeping(clean: () => Promise<void>, { clock }: Ports, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(clock, sweepEveryMs, signal);
    await clean();
  }
}

/** For the whole of it again: what had come was removed. */
async function hasRoom(
  { image: { file } }: ImageRecord,
  disk: { readonly folder: string; readonly spaceOf: SpaceOf; readonly reserveBytes: number },
  info: RuntimeInfo | undefined,
): Promise<boolean> {
  if (file === undefined || info === undefined) return true;
  const needs = needsOf({ size: file.size, unpacked: file.unpacked, missing: file.size }, info, disk.folder);
  return await checkRoom(needs, disk.spaceOf, disk.reserveBytes).then(
    () => true,
    () => false,
  );
}
