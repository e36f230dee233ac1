/** What a tag means now: its registry is asked for the manifest, and the hash of what it sends is the name that stays. */

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { FaultError, isLoopback } from "@haversack/base";
import { openAnswer, type RegistryFetch } from "../runtime/registry-answer.ts";
import { FlightFault, flightFaultOf } from "./flight-fault.ts";
import { askOnce, type Net } from "./net.ts";

export interface TaggedReference {
  /** `HOST[:PORT]/NAME` */
  readonly name: string;
  readonly host: string;
  readonly path: string;
  readonly tag: string;
}

const accept = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** A name without a host is Docker Hub's, and one without a tag means `latest`. Throws `invalid`. */
export function parseTagged(ref: string): TaggedReference {
  const [, first, rest = "", tag = "latest"] =
    /^(?:([\w-]+(?:\.[\w.-]+|:\d+|(?<=localhost))[\w.:-]*)\/)?([a-z0-9][a-z0-9._/-]*)(?::([\w][\w.-]{0,127}))?$/.exec(
      ref,
    ) ?? [];
  if (rest === "") {
    const message = `image ${JSON.stringify(ref)}: expected [HOST[:PORT]/]NAME[:TAG], or a reference by digest`;
    throw new FaultError("invalid", "bad_reference", message);
  }
  const host = first ?? "docker.io";
  const path = host === "docker.io" && !rest.includes("/") ? `library/${rest}` : rest;
  return { name: `${host}/${path}`, host, path, tag };
}

/** As a reference by digest. Rejects with FlightFault, or the signal's reason. */
export async function pinTag(ref: string, net: Net, signal: AbortSignal): Promise<string> {
  const { name, host, path, tag } = parseTagged(ref);
  const credentials = await net.logins.of(host, signal);
  const server = host === "docker.io" ? "registry-1.docker.io" : host;
  const asking = { ref, credentials, accept };
  const ask = async (scheme: string): Promise<Uint8Array> =>
    await openAnswer(
      asking,
      proxiedFetch(net),
      signal,
    )(new URL(`${scheme}://${server}/v2/${path}/manifests/${tag}`));
  try {
    const isHere = isLoopback(new URL(`https://${server}`).hostname.replace(/^\[|\]$/g, ""));
    // A registry of this host may speak no TLS.
    const bytes = await ask("https").catch((error: unknown) => {
      const { flightCode } = flightFaultOf(error, "network");
      if (!isHere || signal.aborted || (flightCode !== "tls" && flightCode !== "network")) throw error;
      return ask("http");
    });
    return `${name}@sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  } catch (error) {
    if (signal.aborted) throw error;
    throw flightFaultOf(error, "network");
  }
}

/** Whether another way to find out is worth a try. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof FlightFault && error.fault === "unavailable";

/** As `fetch`, through the proxies of this worker. A redirect is an answer like another. */
export const proxiedFetch =
  (net: Net): RegistryFetch =>
  async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = Object.fromEntries(new Headers(init?.headers));
    const signal = init?.signal ?? new AbortController().signal;
    const response = await askOnce(net, url, headers, signal);
    const status = response.statusCode ?? 0;
    const told = Object.entries(response.headers).flatMap(([name, value]) =>
      typeof value === "string" ? [[name, value] satisfies [string, string]] : [],
    );
    const hasBody = status !== 204 && status !== 304;
    const body = hasBody ? (Readable.toWeb(response) as ReadableStream<Uint8Array>) : null;
    return new Response(body, { status, headers: told });
  };
