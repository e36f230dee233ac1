/** Everything about images that lives in a coordinator, put together once. */

import type { Ports, Service } from "@haversack/base";
import type { BesideListener } from "../dispatch/session.ts";
import type { Store } from "../store/store.ts";
import { BaseImages } from "./base-images.ts";
import { FleetImages } from "./fleet-images.ts";
import { ImageDesk } from "./image-desk.ts";
import { TransitionKeeper } from "./keep-transitions.ts";
import { ImageOrders } from "./orders.ts";
import { Permits } from "./permits.ts";
import type { ImageSettings } from "./settings.ts";

export interface Images {
  /** `images.json` and the recipe. */
  readonly bases: BaseImages;
  readonly fleet: FleetImages;
  readonly desk: ImageDesk;
  /** What sessions tell. */
  readonly listener: BesideListener;
  readonly service: Service;
}

export interface ImagesParts {
  readonly settings: ImageSettings;
  readonly store: Store;
  readonly ports: Ports;
  /** Counts. */
  readonly metrics?: { watch(fleet: FleetImages): void };
}

/** Rejects with FaultError `invalid` for files that cannot be used. */
export async function openImages({ settings, store, ports, metrics }: ImagesParts): Promise<Images> {
  const { clock, log } = ports;
  const bases = await BaseImages.open(settings);
  const { base, recipe } = bases.known;
  if (base !== undefined) log.info({ stamp: base.stamp, recipe: recipe?.digest }, "base image known");
  const fleet = new FleetImages(clock, () => bases.known);
  const permits = new Permits({ limit: settings.permits, store, ports });
  const orders = new ImageOrders(clock);
  const keeper = new TransitionKeeper({ images: fleet, store, clock, log });
  metrics?.watch(fleet);
  const desk = new ImageDesk({ bases, images: fleet, orders, keeper, store, clock });
  const service: Service = {
    name: keeper.name,
    start: async () => {
      await keeper.start();
      await permits.start();
    },
    stop: async () => {
      await permits.stop();
      await keeper.stop();
    },
  };
  return { bases, fleet, desk, service, listener: listenerOf(fleet, permits, orders) };
}

function listenerOf(fleet: FleetImages, permits: Permits, orders: ImageOrders): BesideListener {
  return {
    greeted(link) {
      fleet.greet(link);
      for (const { digest, state } of link.hello.images ?? []) permits.heard(link, digest, state);
    },
    take(message, link) {
      // One that is replaced by a newer session of its worker has no say any more.
      if (fleet.link(link.hello.workerId) !== link) return;
      switch (message.kind) {
        case "images":
          fleet.take(link, message.statuses);
          for (const { digest, state } of message.statuses) permits.heard(link, digest, state);
          return;
        case "imageAnswer":
          orders.take(link, message.answer);
          return;
        case "imagePermit":
          permits.ask(link, message.digest);
          return;
        case "engine":
          fleet.engine(link, message.engine);
          return;
        case "deployments":
          return;
      }
    },
    gone(link) {
      fleet.leave(link);
      permits.leave(link);
    },
  };
}
