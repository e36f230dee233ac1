/** `HOST:PORT`, and who can reach it. */

import { FaultError } from "@haversack/base";
import type { Address } from "./server.ts";

export function parseAddress(text: string, field: string): Address {
  const [, host = "", portText = ""] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(portText);
  const name = host.replace(/^\[(.*)\]$/, "$1");
  if (name !== "" && portText !== "" && port <= 65_535) return { host: name, port };
  const message = `${field}: expected HOST:PORT such as 127.0.0.1:7420, found ${JSON.stringify(text)}`;
  throw new FaultError("invalid", "bad_option", message);
}

/** Every address of the machine. */
export const isWildcard = (host: string): boolean => host === "0.0.0.0" || host === "::";
