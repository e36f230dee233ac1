/** Images on workers, as a client uses them. */

import type { Client } from "@connectrpc/connect";
import { each, once } from "./calls.ts";
import type { BaseImage, ContainerEngine } from "./model/base-image.ts";
import type { ImageStatus } from "./model/image.ts";
import type { ImageEvent, WorkerImage } from "./model/image-order.ts";
import type { ImageService } from "./services.ts";
import { required } from "./wire/fields.ts";
import { baseImageFromWire, engineFromWire, imageStatusFromWire } from "./wire/image-wire.ts";
import { imageEventFromWire, workerImageFromWire } from "./wire/worker-image-wire.ts";

export interface ImageList {
  readonly images: readonly WorkerImage[];
  /** Of connected workers, by id; undefined: it has none. */
  readonly engines: ReadonlyMap<string, ContainerEngine | undefined>;
  /** Absent: the coordinator knows no base image. */
  readonly base?: BaseImage;
}

export interface ImageWatch {
  /** Empty: all. */
  readonly worker: string;
  /** Empty: all. */
  readonly ref: string;
  /** Ends when every image that it shows has come to an end. */
  readonly untilEnd: boolean;
}

/** Every method rejects with a FaultError. A worker is named by its id, or by its name where only one has it. */
export interface ImageClient {
  /** @param ref `base`, a digest, or a reference by digest */
  imageStatus(worker: string, ref: string, signal: AbortSignal): Promise<WorkerImage>;
  /** @param worker all of them when empty */
  images(worker: string, signal: AbortSignal): Promise<ImageList>;
  /** @returns `resumed`: it was under way already */
  pullImage(
    worker: string,
    ref: string,
    signal: AbortSignal,
  ): Promise<{ readonly resumed: boolean; readonly image: WorkerImage }>;
  cancelImage(worker: string, ref: string, signal: AbortSignal): Promise<WorkerImage>;
  watchImages(asked: ImageWatch, signal: AbortSignal): AsyncIterable<ImageEvent>;
  /** Undefined: the coordinator knows no base image. */
  reloadImages(signal: AbortSignal): Promise<BaseImage | undefined>;
  /** Newest first. */
  imageTransitions(worker: string, ref: string, signal: AbortSignal): Promise<readonly ImageStatus[]>;
}

export function imageClient(client: Client<typeof ImageService>): ImageClient {
  return {
    async imageStatus(worker, ref, signal) {
      const { image } = await once(client.status({ worker, ref }, { signal }), signal);
      return workerImageFromWire(required(image, "image"));
    },
    async images(worker, signal) {
      const { images, engines, base } = await once(client.listImages({ worker }, { signal }), signal);
      return {
        images: images.map(workerImageFromWire),
        engines: new Map(Object.entries(engines).map(([id, engine]) => [id, engineFromWire(engine)])),
        ...(base === undefined ? {} : { base: baseImageFromWire(base) }),
      };
    },
    async pullImage(worker, ref, signal) {
      const { resumed, image } = await once(client.pull({ worker, ref }, { signal }), signal);
      return { resumed, image: workerImageFromWire(required(image, "image")) };
    },
    async cancelImage(worker, ref, signal) {
      const { image } = await once(client.cancel({ worker, ref }, { signal }), signal);
      return workerImageFromWire(required(image, "image"));
    },
    async *watchImages(asked, signal) {
      for await (const wire of each(client.watch(asked, { signal }), signal)) {
        const event = imageEventFromWire(wire);
        if (event !== undefined) yield event;
      }
    },
    async reloadImages(signal) {
      const { base } = await once(client.reloadImages({}, { signal }), signal);
      return base === undefined ? undefined : baseImageFromWire(base);
    },
    async imageTransitions(worker, ref, signal) {
      const { transitions } = await once(client.listImageTransitions({ worker, ref }, { signal }), signal);
      return transitions.map(imageStatusFromWire);
    },
  };
}
