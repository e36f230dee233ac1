/** Everything about images that lives in a coordinator, put together once. */

import type { Ports, Service } from "@haversack/base";
import type { ContainerEngine, Upward } from "@haversack/protocol";
import type { Store } from "../store/store.ts";
import { BaseImages } from "./base-images.ts";
import { FleetImages, type ImageLink, type ImageListener } from "./fleet-images.ts";
import { ImageDesk } from "./image-desk.ts";
import { TransitionKeeper } from "./keep-transitions.ts";
import { ImageOrders } from "./orders.ts";
import { Permits } from "./permits.ts";
import type { ImageSettings } from "./settings.ts";

/** What of a session is about images. */
export type ImageMessage = Extract<Upward, { readonly kind: "images" | "imageAnswer" | "imagePermit" }>;

/** What a session tells. */
export interface SessionImages {
  greet(link: ImageLink): void;
  take(link: ImageLink, message: ImageMessage): void;
  engine(link: ImageLink, engine: ContainerEngine | undefined): void;
  leave(link: ImageLink): void;
}

export interface Images {
  /** `images.json` and the recipe. */
  readonly bases: BaseImages;
  readonly fleet: FleetImages;
  readonly desk: ImageDesk;
  readonly sessions: SessionImages;
  readonly service: Service;
}

export interface ImagesParts {
  readonly settings: ImageSettings;
  readonly store: Store;
  readonly ports: Ports;
  /** Counts. */
  readonly onChange?: ImageListener;
}

/** Rejects with FaultError `invalid` for files that cannot be used. */
export async function openImages({ settings, store, ports, onChange }: ImagesParts): Promise<Images> {
  const { clock, log } = ports;
  const bases = await BaseImages.open(settings);
  const { base, recipe } = bases.known;
  if (base !== undefined) log.info({ stamp: base.stamp, recipe: recipe?.digest }, "base image known");
  const fleet = new FleetImages(clock, () => bases.known);
  const permits = new Permits(settings.permits, clock);
  const orders = new ImageOrders(clock);
  const keeper = new TransitionKeeper({ images: fleet, store, clock, log });
  if (onChange !== undefined) fleet.listen(onChange);
  const desk = new ImageDesk({ bases, images: fleet, orders, store, clock });
  const service: Service = {
    name: keeper.name,
    start: () => keeper.start(),
    stop: async () => {
      permits.stop();
      await keeper.stop();
    },
  };
  return { bases, fleet, desk, service, sessions: sessionsOf(fleet, permits, orders) };
}

function sessionsOf(fleet: FleetImages, permits: Permits, orders: ImageOrders): SessionImages {
  return {
    greet(link) {
      fleet.greet(link);
      for (const { digest, state } of link.hello.images ?? []) permits.heard(link, digest, state);
    },
    take(link, message) {
      // One that is replaced by a newer session of its worker has no say any more.
      if (fleet.link(link.hello.workerId) !== link) return;
      if (message.kind === "imagePermit") return permits.ask(link, message.digest);
      if (message.kind === "imageAnswer") return orders.take(link, message.answer);
      fleet.take(link, message.statuses);
      for (const { digest, state } of message.statuses) permits.heard(link, digest, state);
    },
    engine: (link, engine) => fleet.engine(link, engine),
    leave(link) {
      fleet.leave(link);
      permits.leave(link);
    },
  };
}
