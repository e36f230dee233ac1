/** Where the coordinator listens, and how it proves itself there: checked and completed. */

import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { FaultError, isLoopback, type Ms } from "@haversack/base";
import { isWildcard, parseAddress } from "../http/address.ts";
import type { ListenerSettings, TlsSettings } from "../http/listener-settings.ts";
import type { Address } from "../http/server.ts";
import { advertisedHost, parseAdvertised } from "../relay/address.ts";
import type { CoordinatorAsked } from "./options.ts";

const workerCertTtlDefaultMs: Ms = 7 * 86_400_000;
const namesMax = 32;
const namePattern = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9]([a-z0-9-]{0,62}))*$/i;

export function settleListeners(
  asked: CoordinatorAsked,
  env: NodeJS.ProcessEnv,
  at: { readonly listen: Address; readonly dataDir: string },
): ListenerSettings {
  const tls = settleTls(asked, env);
  const insecure = asked.allowInsecurePublicListener ?? isOn(env, "HAVERSACK_ALLOW_INSECURE_PUBLIC_LISTENER");
  const advertised = parseAdvertised(asked.advertise ?? env["HAVERSACK_ADVERTISE"] ?? "");
  const host = advertisedHost(advertised);
  const names = asked.tlsNames ?? env["HAVERSACK_TLS_NAME"]?.split(",").filter(Boolean) ?? [];
  const tlsNames = parseNames(host === undefined ? names : [...new Set([...names, host])]);
  const workers = asked.listenWorkers ?? env["HAVERSACK_LISTEN_WORKERS"] ?? "";
  const listenWorkers = workers === "" ? undefined : parseAddress(workers, "listenWorkers");
  const caDir = asked.caDir ?? env["HAVERSACK_CA_DIR"] ?? join(at.dataDir, "ca");
  requireTls(at.listen, tls, insecure);
  for (const { host } of [at.listen, ...(listenWorkers === undefined ? [] : [listenWorkers])])
    requireName(host, tlsNames, tls !== undefined);
  return {
    tls,
    tlsNames,
    listenWorkers,
    advertised,
    caDir: resolve(caDir),
    caReplace: asked.caReplace ?? false,
    insecure,
    workerCertTtlMs: asked.workerCertTtlMs ?? workerCertTtlDefaultMs,
  };
}

function settleTls(asked: CoordinatorAsked, env: NodeJS.ProcessEnv): TlsSettings | undefined {
  const certFile = asked.tlsCert ?? env["HAVERSACK_TLS_CERT"];
  const keyFile = asked.tlsKey ?? env["HAVERSACK_TLS_KEY"];
  const mode = asked.tls ?? env["HAVERSACK_TLS"];
  if (mode !== undefined && mode !== "auto" && mode !== "off")
    throw bad("tls: expected auto or off; own certificates come with --tls-cert and --tls-key");
  if (certFile === undefined && keyFile === undefined) return mode === "auto" ? { kind: "auto" } : undefined;
  if (mode === "auto") throw bad("tls: auto and --tls-cert exclude each other");
  if (certFile === undefined || keyFile === undefined)
    throw bad("tls: --tls-cert and --tls-key belong together, and one of them is missing");
  return { kind: "files", certFile: resolve(certFile), keyFile: resolve(keyFile) };
}

function requireTls({ host }: Address, tls: TlsSettings | undefined, insecure: boolean): void {
  if (isLoopback(host) || tls !== undefined || insecure) return;
  const message = `listen: ${host} can be reached from other machines, where tokens in plain text are read by everyone on the way; add --tls auto --tls-name NAME, or --tls-cert FILE --tls-key FILE, or listen on 127.0.0.1 (--allow-insecure-public-listener does without, for a network that you trust)`;
  throw new FaultError("invalid", "public_listener", message);
}

/** What all addresses of a machine are called, nobody can guess. */
function requireName(host: string, names: readonly string[], withTls: boolean): void {
  if (!withTls || !isWildcard(host) || names.length > 0) return;
  const message = `tlsNames: ${host} stands for every address of this machine; say with --tls-name NAME (or an address, several times) how others reach it`;
  throw new FaultError("invalid", "missing_tls_name", message);
}

function parseNames(names: readonly string[]): readonly string[] {
  const wrong = names.find((name) => isIP(name) === 0 && !namePattern.test(name));
  if (wrong !== undefined) throw bad(`tlsNames: ${JSON.stringify(wrong)} is no host name and no address`);
  if (names.length > namesMax) throw bad(`tlsNames: at most ${namesMax}, found ${names.length}`);
  return names.map((name) => name.toLowerCase());
}

const isOn = (env: NodeJS.ProcessEnv, name: string): boolean =>
  ["1", "true", "yes", "on"].includes(env[name]?.toLowerCase() ?? "");

const bad = (message: string): FaultError => new FaultError("invalid", "bad_option", message);
