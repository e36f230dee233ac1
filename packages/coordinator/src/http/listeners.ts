/** What the coordinator listens on: the API, and beside it, with mutual TLS, its workers. */

import { isIP } from "node:net";
import { isLoopback, type Ports, type Service } from "@haversack/base";
import { joinServerName } from "@haversack/protocol";
import { type Authority, issuedKeys } from "../identity/authority.ts";
import { keyFiles, TlsKeys } from "../identity/tls-keys.ts";
import { isWildcard } from "./address.ts";
import { createHandler, type HandlerParts } from "./handler.ts";
import type { ListenerSettings } from "./listener-settings.ts";
import { type Address, HttpServer, type ServerExtras } from "./server.ts";
import { openStaticFiles } from "./static-files.ts";
import { tlsDoor } from "./tls.ts";

export interface ListenerParts {
  readonly listen: Address;
  /** Of the built web page; undefined: none is served. */
  readonly pageDir: string | undefined;
  readonly settings: ListenerSettings;
  readonly authority: Authority;
  readonly ports: Ports;
  readonly api: HandlerParts;
  readonly extras: ServerExtras;
  /** @param cluster whose certificates count */
  readonly workers: (cluster: string) => HandlerParts;
}

export interface Listeners {
  readonly api: HttpServer;
  readonly workers?: HttpServer;
  readonly services: readonly Service[];
}

/** Rejects with FaultError `invalid` for a key or certificate that cannot be used. */
export async function openListeners(parts: ListenerParts): Promise<Listeners> {
  const { listen, settings, authority, ports } = parts;
  const { tls, listenWorkers, insecure } = settings;
  if (!isLoopback(listen.host) && tls === undefined && insecure)
    ports.log.warn(
      { listen: listen.host },
      "public listener without TLS: tokens and steps are read by everyone on the way",
    );
  const needed = tls !== undefined || listenWorkers !== undefined;
  const own = needed ? await TlsKeys.open(issuedKeys(authority, namesOf(parts), ports), ports) : undefined;
  const keys = tls?.kind === "files" ? await TlsKeys.open(keyFiles(tls.certFile, tls.keyFile), ports) : own;
  const door =
    tls === undefined || keys === undefined || own === undefined
      ? undefined
      : tlsDoor({ keys, joinKeys: own });
  const isPublic = door !== undefined || !isLoopback(listen.host);
  const isOurs = ourNames(settings, listen, door === undefined ? undefined : keys);
  const page = parts.pageDir === undefined ? {} : { page: await openStaticFiles(parts.pageDir) };
  const api = new HttpServer(
    listen,
    createHandler({ ...parts.api, ...page, ...(isPublic ? { isOurs } : {}) }),
    ports.clock,
    door === undefined ? parts.extras : { ...parts.extras, tls: door },
  );
  const workers =
    listenWorkers === undefined || own === undefined
      ? undefined
      : await forWorkers(parts, listenWorkers, own);
  const all = new Set([own, keys].filter((each) => each !== undefined));
  return {
    api,
    ...(workers === undefined ? {} : { workers }),
    services: [...all, ...(workers === undefined ? [] : [workers]), api],
  };
}

async function forWorkers(parts: ListenerParts, address: Address, keys: TlsKeys) {
  const { authority, workers, ports, extras } = parts;
  const { cluster, certificate } = await authority();
  // Who came as far has shown a certificate: no page in a browser has one.
  const handler = createHandler({ ...workers(cluster), isOurs: () => true });
  const tls = tlsDoor({ keys, joinKeys: keys, clients: certificate });
  return new HttpServer(address, handler, ports.clock, { ...extras, tls });
}

/** An address never comes from a name that somebody else controls. */
const ourNames =
  ({ tlsNames }: ListenerSettings, { host: own }: Address, keys: TlsKeys | undefined) =>
  (host: string): boolean =>
    isIP(host) !== 0 ||
    (keys !== undefined && host === joinServerName) ||
    host === own ||
    tlsNames.includes(host.toLowerCase()) ||
    keys?.covers(host) === true;

function namesOf({ listen, settings }: ListenerParts): readonly string[] {
  const { tlsNames, listenWorkers } = settings;
  const hosts = [listen.host, ...(listenWorkers === undefined ? [] : [listenWorkers.host])];
  const reachable = hosts.filter((host) => !isWildcard(host));
  return [...new Set([joinServerName, "localhost", "127.0.0.1", "::1", ...reachable, ...tlsNames])];
}

/** The address for programs on this machine. */
export function localUrl(url: string): string {
  return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}
