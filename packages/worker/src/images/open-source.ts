/**
 * A source of an image's file, opened where what is here ends. Whether it is the right file is found out by its hash, so
 * the length and the form of the answer are all that is checked here, before a byte is kept.
 */

import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Ms, messageOf, systemCodeOf } from "@haversack/base";
import { FlightFault, plain } from "./flight-fault.ts";
import { limited } from "./limited.ts";
import { get, type Headers, type Net, type Reply, shown, statusFault } from "./net.ts";

export interface Kept {
  /** Bytes that are here. */
  readonly bytes: number;
  /** Where they came from, as it is shown. */
  readonly from?: string;
  /** A strong one, of that source. */
  readonly etag?: string;
}

export interface Wanted {
  /** Of the whole file, in bytes. */
  readonly size: number;
  readonly kept: Kept;
}

export interface OpenSource {
  /** From which byte on; 0: what is here is of no use. */
  readonly offset: number;
  readonly body: Readable;
  readonly from: string;
  readonly etag?: string;
}

const resolveMs: Ms = 30_000;

/** @param url `https:`, `http:` of this host, or `file:` */
export async function openSource(
  net: Net,
  url: string,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<OpenSource> {
  const { size, kept } = wanted;
  const address = URL.parse(url);
  if (address === null)
    throw new FlightFault("protocol", "an address of the image is none; look at images.json");
  if (address.protocol === "file:") return await openFile(address, size, kept.bytes);
  const fault = (): FlightFault =>
    new FlightFault("network", `${shown(address)} did not answer within ${resolveMs / 1000} s`);
  return await limited(net.clock, { ms: resolveMs, fault }, signal, async (limit) => {
    const answer = await ask(net, address, wanted, limit);
    // The range is of no use there, whatever it was: from the start.
    return answer ?? (await ask(net, address, { size, kept: { bytes: 0 } }, limit)) ?? refuse(address);
  });
}

function refuse(address: URL): never {
  throw new FlightFault("protocol", `${shown(address)} refuses a range that was not asked for`);
}

async function openFile(address: URL, size: number, from: number): Promise<OpenSource> {
  const path = fileURLToPath(address);
  try {
    const file = await open(path, "r");
    const { size: found } = await file.stat();
    if (found === size) return { offset: from, body: file.createReadStream({ start: from }), from: path };
    await file.close();
    throw new FlightFault("protocol", `${path} has ${found} bytes, images.json says ${size}`);
  } catch (error) {
    if (error instanceof FlightFault) throw error;
    const code = systemCodeOf(error) === "EACCES" ? "auth" : "not_found";
    throw new FlightFault(code, `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Undefined: the server cannot go on from there. */
async function ask(
  net: Net,
  address: URL,
  { size, kept }: Wanted,
  signal: AbortSignal,
): Promise<OpenSource | undefined> {
  const reply = await get(net, address, rangeOf(kept, address), signal);
  try {
    return judged(reply, size, kept.bytes, net.clock.now());
  } catch (error) {
    reply.response.destroy();
    throw error;
  }
}

/**
 * A strong tag of the same source makes the server say whether the file is still the one that was begun. Without one the
 * range is asked for all the same: every byte is hashed in the end.
 */
function rangeOf({ bytes, etag, from }: Kept, address: URL): Headers {
  if (bytes === 0) return {};
  const range = { range: `bytes=${bytes}-` };
  const isSame = etag !== undefined && from === shown(address);
  return isSame ? { ...range, "if-range": etag } : range;
}

function judged(reply: Reply, size: number, offset: number, now: number): OpenSource | undefined {
  const { status, response, from } = reply;
  if (status === 416 && offset > 0) {
    response.destroy();
    return undefined;
  }
  if (status !== 200 && status !== 206) throw statusFault(reply, now);
  const { headers } = response;
  if (/^\s*text\/html\b/i.test(headers["content-type"] ?? ""))
    throw new FlightFault("protocol", `${from} answered with a web page in place of the file`);
  if ((headers["content-encoding"] ?? "identity") !== "identity")
    throw new FlightFault(
      "protocol",
      `${from} answered encoded as ${plain(headers["content-encoding"] ?? "")}`,
    );
  const begin = status === 206 ? offset : 0;
  if (status === 206 && (offset === 0 || headers["content-range"] !== `bytes ${offset}-${size - 1}/${size}`))
    throw new FlightFault("protocol", `${from} answered with another range than bytes ${offset} to ${size}`);
  const length = headers["content-length"];
  if (length !== undefined && Number(length) !== size - begin)
    throw new FlightFault(
      "protocol",
      `${from} has ${Number(length) + begin} bytes, images.json says ${size}`,
    );
  const { etag } = headers;
  const isStrong = etag !== undefined && /^"[\x21\x23-\x7e]*"$/.test(etag);
  return { offset: begin, body: response, from, ...(isStrong ? { etag } : {}) };
}
