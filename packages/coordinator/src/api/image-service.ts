/** ImageService: decode, call, encode. */

import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import {
  baseImageToWire,
  engineToWire,
  ImageService,
  imageEventToWire,
  imageStatusToWire,
  workerImageToWire,
} from "@haversack/protocol";
import { callerIn } from "../auth/caller.ts";
import type { ImageDesk } from "../images/image-desk.ts";
import type { Relay } from "../relay/relay.ts";
import { imagesAnywhere } from "./anywhere.ts";

export interface ImageServiceParts {
  readonly desk: ImageDesk;
  readonly relay: Relay;
  /** Fires when the coordinator stops. */
  readonly stopping: AbortSignal;
}

export const imageRoutes =
  (parts: ImageServiceParts) =>
  (router: ConnectRouter): ConnectRouter =>
    router.service(ImageService, imagesAnywhere(imageService(parts), parts.relay));

function imageService({
  desk,
  stopping,
}: Omit<ImageServiceParts, "relay">): ServiceImpl<typeof ImageService> {
  return {
    async status({ worker, ref }) {
      return { image: workerImageToWire(await desk.status(worker, ref)) };
    },
    async listImages({ worker }) {
      const images = (await desk.list(worker)).map(workerImageToWire);
      const engines = [...desk.engines()].map(([id, engine]) => [
        id,
        engine === undefined ? {} : engineToWire(engine),
      ]);
      const base = desk.base === undefined ? {} : { base: baseImageToWire(desk.base) };
      return { images, engines: Object.fromEntries(engines), ...base };
    },
    async pull({ worker, ref, digest }, { values }) {
      const { resumed, image } = await desk.pull({ worker, ref, digest, by: callerIn(values).name });
      return { resumed, image: workerImageToWire(image) };
    },
    async cancel({ worker, ref }, { values }) {
      return { image: workerImageToWire(await desk.cancel(worker, ref, callerIn(values).name)) };
    },
    async *watch(asked, context) {
      const signal = AbortSignal.any([context.signal, stopping]);
      for await (const event of desk.watch(asked, signal)) yield imageEventToWire(event);
    },
    async reloadImages() {
      const base = await desk.reload();
      return base === undefined ? {} : { base: baseImageToWire(base) };
    },
    async listImageTransitions({ worker, ref }) {
      const transitions = await desk.transitions(worker, ref);
      return { transitions: transitions.map(({ status }) => imageStatusToWire(status)) };
    },
  };
}
