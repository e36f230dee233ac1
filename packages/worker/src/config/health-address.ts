/** Where a worker answers about its health. Nobody is asked for a token there, so it is for this machine alone. */

import { FaultError, isLoopback } from "@haversack/base";

export interface HealthAddress {
  readonly host: string;
  /** 0: chosen by the system. */
  readonly port: number;
}

/** @param text `127.0.0.1:PORT`; undefined or empty: nowhere */
export function parseHealthListen(text: string | undefined): HealthAddress | undefined {
  if (text === undefined || text === "") return undefined;
  const [, written = "", portText = ""] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  const host = written.replace(/^\[(.*)\]$/, "$1");
  const port = Number(portText);
  if (portText !== "" && port <= 65_535 && isLoopback(host)) return { host, port };
  const message = `health-listen: expected a loopback address such as 127.0.0.1:7421, found ${JSON.stringify(text)}; whoever is to see it from elsewhere asks through a proxy with rights of its own`;
  throw new FaultError("invalid", "bad_option", message);
}
