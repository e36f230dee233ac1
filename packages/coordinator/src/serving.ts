/** What the coordinator serves, to whom and where: access, identities, routes, listeners. */

import type { Ports, Service } from "@haversack/base";
import { createAccess } from "./api/access.ts";
import { imageRoutes } from "./api/image-service.ts";
import { routesOf } from "./api/routes.ts";
import { workerRoutes } from "./api/worker-routes.ts";
import { endSession, revocationKeeper } from "./dispatch/revocation.ts";
import type { watchHealth } from "./health/health.ts";
import { imageCalls } from "./http/image-calls.ts";
import { type ListenerParts, type Listeners, localUrl, openListeners } from "./http/listeners.ts";
import { Newcomers } from "./http/newcomers.ts";
import { type Identities, openIdentities } from "./identity/open-identities.ts";
import { openRelay } from "./relay/open-relay.ts";

export interface ServingParts {
  readonly settings: Pick<ListenerParts, "listen" | "pageDir"> & {
    readonly listeners: ListenerParts["settings"];
  };
  /** The credentials of the data folder. */
  readonly tokens: Parameters<typeof createAccess>[0]["credentials"][number];
  readonly health: Pick<ReturnType<typeof watchHealth>, "routes" | "countCalls">;
  readonly served: Omit<Parameters<typeof routesOf>[0], "enrolment" | "relay" | "address">;
  readonly ports: Ports;
  /** Ends the waiting of a stop. */
  readonly hurry: AbortSignal;
}

export interface Serving {
  /** In the order in which they start; the log of what callers did comes first, for it stops last. */
  readonly services: readonly Service[];
  /** For programs on this machine, once started. */
  readonly url: string;
  /** Where other coordinators of the database reach this one, once started; undefined: nowhere, or there are none. */
  address(): string | undefined;
  /** What tells them where we are, besides. */
  addresses(): Readonly<Record<string, string>>;
}

export async function openServing(parts: ServingParts): Promise<Serving> {
  const { settings, tokens, health, ports, hurry } = parts;
  const { store, registry, stopping } = parts.served;
  let listeners: Listeners | undefined;
  const end = (id: Parameters<typeof endSession>[1], reason: string): void =>
    void endSession(registry, id, reason);
  const workersPort = (): number | undefined => listeners?.workers?.port;
  const identities = openIdentities({ settings: settings.listeners, store, ports, workersPort, end });
  const { authority, enrolment, caFile } = identities;
  const { clock } = ports;
  const { advertised } = settings.listeners;
  const listener = (): string | undefined => listeners?.api.url;
  const { relay, address } = openRelay({ store, registry, clock, stopping, caFile, advertised, listener });
  const served = { ...parts.served, relay, address };
  const access = createAccess({ store, credentials: [...identities.credentials, tokens], ports });
  const common = { newcomers: new Newcomers(), stopping };
  const interceptors = [health.countCalls, ...access.interceptors];
  const calls = imageCalls({ routes: access.guard(imageRoutes(served)), interceptors });
  const api = {
    routes: access.guard(routesOf({ ...served, enrolment })),
    interceptors,
    images: { calls, desk: served.desk, clock },
    health: health.routes(registry, access.authenticate),
    ...common,
  };
  const workers = (cluster: string) => {
    const door = access.also([identities.byCertificate(cluster)]);
    const interceptors = [health.countCalls, ...door.interceptors];
    return { routes: door.guard(workerRoutes({ ...served, enrolment })), interceptors, ...common };
  };
  const extras = { newcomers: common.newcomers, hurry };
  const { listen, pageDir } = settings;
  const opened = await openListeners({
    listen,
    pageDir,
    settings: settings.listeners,
    authority,
    ports,
    api,
    workers,
    extras,
  });
  listeners = opened;
  return {
    services: [access.auditLog, revocationKeeper({ store, registry, ports }), ...opened.services],
    get url() {
      return localUrl(opened.api.url);
    },
    address,
    addresses: () => addressesOf(opened, settings, identities),
  };
}

function addressesOf(
  { workers }: Listeners,
  { listeners }: ServingParts["settings"],
  { caFile }: Identities,
): Readonly<Record<string, string>> {
  return {
    ...(listeners.tls === undefined ? {} : { ca: caFile }),
    ...(workers === undefined ? {} : { workers: localUrl(workers.url) }),
  };
}
