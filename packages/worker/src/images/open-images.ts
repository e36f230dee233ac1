/** Puts the images of a worker together, and says what becomes of them when the worker starts, is told something, and stops. */

import { join } from "node:path";
import { Background, messageOf, type Ports, pause } from "@haversack/base";
import type { ContainerEngine, DownwardBeside } from "@haversack/protocol";
import { composeFlights } from "./compose-flights.ts";
import { composeTable } from "./compose-table.ts";
import { Desk } from "./desk.ts";
import type { Images } from "./images.ts";
import { loadRecords } from "./load-records.ts";
import { openNet } from "./net.ts";
import type { OpenImagesParts } from "./open-parts.ts";
import { sweepEveryMs } from "./sweep.ts";
import { WorkerImages } from "./worker-images.ts";

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
  const { ports, runtime, settings, uplink } = parts;
  const own = join(parts.dataDir, "images");
  const folder = settings.folder ?? own;
  const stopping = new AbortController();
  const table = composeTable(parts, own, (signal) => images.lookAtAll(signal));
  const net = openNet(parts.hostEnv, { ...settings, ...parts }, ports.clock);
  const { board, engine } = table;
  const { flights, clean } = composeFlights(parts, {
    ...table,
    net,
    folder,
    isShared: folder !== own,
    wanted: () => images.kept,
    onCancelled: ({ image }) => void images.lookAfterCancel(image),
    stopping: stopping.signal,
  });
  const desk = new Desk(board, ports.clock);
  const { clock } = ports;
  const images = new WorkerImages({
    ...table,
    ports,
    clock,
    runtime,
    net,
    desk,
    flights,
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
      await loadRecords({ ...table, settings, folder, log: ports.log }, clock.now());
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

async function sweeping(clean: () => Promise<void>, { clock }: Ports, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(clock, sweepEveryMs, signal);
    await clean();
  }
}
