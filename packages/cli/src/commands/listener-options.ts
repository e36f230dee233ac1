/** Options of a coordinator that others reach. */

import { type Command, Option } from "commander";
import { collect, duration, given } from "../options.ts";

export interface ListenerOptions {
  readonly tls?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsName?: readonly string[];
  readonly listenWorkers?: string;
  readonly advertise?: string;
  readonly caDir?: string;
  readonly caReplace?: boolean;
  readonly allowInsecurePublicListener?: boolean;
  readonly workerCertTtl?: number;
}

/** What they do not say, the environment does: the coordinator reads HAVERSACK_TLS and its like itself. */
export function withListeners(command: Command): Command {
  return command
    .option("--tls <mode>", "auto: a certificate of the cluster's own authority (HAVERSACK_TLS)")
    .option("--tls-cert <file>", "certificate in PEM, read again when it changes (HAVERSACK_TLS_CERT)")
    .option("--tls-key <file>", "its private key in PEM (HAVERSACK_TLS_KEY)")
    .option(
      "--tls-name <name>",
      "how others reach it; several times (HAVERSACK_TLS_NAME, with commas)",
      collect,
    )
    .option("--listen-workers <host:port>", "for workers with certificates (HAVERSACK_LISTEN_WORKERS)")
    .option(
      "--advertise <url>",
      "where other coordinators on the same database reach this one, or off (default: the listener) (HAVERSACK_ADVERTISE)",
    )
    .option(
      "--ca-dir <dir>",
      "folder of the cluster's authority (default: ca in the data folder) (HAVERSACK_CA_DIR)",
    )
    .option("--ca-replace", "the authority of that folder replaces the one that the database knows")
    .option("--allow-insecure-public-listener", "listen for other machines without TLS")
    .addOption(new Option("--worker-cert-ttl <duration>", "for tests").argParser(duration).hideHelp());
}

export function listenersAsked(options: ListenerOptions) {
  const { tls, tlsCert, tlsKey, tlsName: tlsNames, listenWorkers, caDir, caReplace } = options;
  const { advertise, allowInsecurePublicListener, workerCertTtl: workerCertTtlMs } = options;
  const files = { tls, tlsCert, tlsKey, tlsNames };
  return given({
    ...files,
    listenWorkers,
    advertise,
    caDir,
    caReplace,
    allowInsecurePublicListener,
    workerCertTtlMs,
  });
}
