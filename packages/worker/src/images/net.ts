/**
 * One GET over HTTP, as image servers and registries want it: redirects are followed by us, so that credentials go to the
 * host that they are for and to no other; a 401 with a challenge is answered once with a token. What is said of an address
 * leaves out its query: signed addresses have their right in it.
 */

import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, get as httpsGet } from "node:https";
import { type Clock, isLoopback, reasonOf, systemCodeOf } from "@haversack/base";
import { FlightFault } from "./flight-fault.ts";
import { type LoginParts, type Logins, openLogins } from "./logins.ts";

export interface Net {
  readonly clock: Clock;
  readonly logins: Logins;
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

/** @param env of which the variables of proxies are read */
export function openNet(env: ReadonlyMap<string, string>, logins: LoginParts, clock: Clock): Net {
  const proxyEnv = Object.fromEntries(
    proxyVariables.flatMap((name) => {
      const value = env.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return {
    clock,
    logins: openLogins(logins),
    http: new HttpAgent({ proxyEnv }),
    https: new HttpsAgent({ proxyEnv }),
  };
}

export interface Reply {
  readonly status: number;
  readonly response: IncomingMessage;
  /** Where it came from in the end, as it may be shown. */
  readonly from: string;
}

export type Headers = Readonly<Record<string, string>>;

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const hopsMax = 6;

/** Whoever gets the reply reads its body or destroys it. The signal counts until the headers are here. */
export async function get(net: Net, address: URL, headers: Headers, signal: AbortSignal): Promise<Reply> {
  let at = address;
  let bearer: { readonly host: string; readonly token: string } | undefined;
  for (let hop = 0; hop < hopsMax; hop++) {
    mayAsk(at);
    const own =
      bearer?.host === at.host ? { authorization: `Bearer ${bearer.token}` } : await basic(net, at, signal);
    const response = await askOnce(net, at, { ...headers, ...own }, signal);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    const challenge = response.headers["www-authenticate"] ?? "";
    if (redirects.has(status) && location !== undefined) {
      response.destroy();
      at = resolveAddress(location, at);
    } else if (status === 401 && bearer === undefined && /^bearer\s/i.test(challenge)) {
      response.destroy();
      bearer = { host: at.host, token: await askToken(net, challenge, at, signal) };
    } else {
      return { status, response, from: shown(at) };
    }
  }
  throw new FlightFault("protocol", `${shown(address)} redirects more than ${hopsMax} times`);
}

/** As people and logs may see it. */
export const shown = (url: URL): string => `${url.origin}${url.pathname}`;

function resolveAddress(location: string, at: URL): URL {
  const next = URL.parse(location, at.href);
  if (next === null) throw new FlightFault("protocol", `${shown(at)} redirects to what is no address`);
  return next;
}

/** Plain text is for this host only: whoever listens elsewhere would hear credentials and signed addresses. */
function mayAsk(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(host))) return;
  throw new FlightFault("protocol", `${shown(url)}: expected https, or http on this host`);
}

async function basic(net: Net, url: URL, signal: AbortSignal): Promise<Headers> {
  const found = await net.logins.of(url.host, signal);
  if (found === undefined) return {};
  const pair = Buffer.from(`${found.username}:${found.password}`, "utf8").toString("base64");
  return { authorization: `Basic ${pair}` };
}

/** One question, one answer, whatever it is. */
export async function askOnce(
  net: Net,
  url: URL,
  headers: Headers,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  if (signal.aborted) throw reasonOf(signal);
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = {
    headers: { "accept-encoding": "identity", "user-agent": "haversack-worker", ...headers },
  };
  const request =
    bare.protocol === "https:"
      ? httpsGet(bare, { ...options, agent: net.https })
      : httpGet(bare, { ...options, agent: net.http });
  const onAbort = (): void => void request.destroy(reasonOf(signal));
  request.on("response", resolve);
  request.on("error", reject);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await promise;
  } catch (error) {
    throw signal.aborted ? reasonOf(signal) : networkFault(error, shown(url));
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

const tlsCode = /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|EPROTO)/;
const dnsCodes: ReadonlySet<string> = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL"]);

/** Of what Node threw while it connected, asked or read. */
export function networkFault(error: unknown, where: string): FlightFault {
  if (error instanceof FlightFault) return error;
  const code = systemCodeOf(error) ?? "";
  if (dnsCodes.has(code)) return new FlightFault("dns", `${where}: the name is not known (${code})`);
  const kind = tlsCode.test(code) ? "tls" : "network";
  return new FlightFault(kind, `${where}: ${code === "" ? "the connection broke" : code}`, { cause: error });
}

const tokenBytesMax = 64 * 1024;

/** The credentials of the host that gives tokens go there, if there are any for it; those of the registry do not. */
async function askToken(net: Net, challenge: string, at: URL, signal: AbortSignal): Promise<string> {
  const fields = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name.toLowerCase(),
      value,
    ]),
  );
  const realm = resolveAddress(fields.get("realm") ?? "", at);
  mayAsk(realm);
  for (const name of ["service", "scope"]) {
    const value = fields.get(name);
    if (value !== undefined) realm.searchParams.set(name, value);
  }
  const response = await askOnce(net, realm, await basic(net, realm, signal), signal);
  if (response.statusCode !== 200) {
    response.destroy();
    throw new FlightFault("auth", `${shown(realm)} gave no token (${response.statusCode})`);
  }
  const text = await readText(response, tokenBytesMax, shown(realm), signal);
  const token = tokenIn(text);
  if (token === undefined) throw new FlightFault("auth", `${shown(realm)} answered without a token`);
  return token;
}

function tokenIn(text: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== "object" || answer === null) return undefined;
    const found: unknown = Reflect.get(answer, "token") ?? Reflect.get(answer, "access_token");
    return typeof found === "string" && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** A short answer. */
export async function readText(
  response: IncomingMessage,
  bytesMax: number,
  where: string,
  signal: AbortSignal,
): Promise<string> {
  const onAbort = (): void => void response.destroy(reasonOf(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new FlightFault("protocol", `${where} answers more than ${bytesMax} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  } catch (error) {
    throw signal.aborted ? reasonOf(signal) : networkFault(error, where);
  } finally {
    signal.removeEventListener("abort", onAbort);
    response.destroy();
  }
}

/** Of an answer that has not what was asked for. */
export function statusFault({ status, response, from }: Reply, now: number): FlightFault {
  const retryAfterMs = retryAfter(response.headers["retry-after"], now);
  if (status === 401 || status === 403 || status === 407)
    return new FlightFault("auth", `${from} does not let this worker in (${status})`);
  if (status === 404 || status === 410)
    return new FlightFault("not_found", `${from} is not there (${status})`);
  if (status === 429 || (status === 503 && retryAfterMs !== undefined)) {
    const told = retryAfterMs === undefined ? {} : { retryAfterMs };
    return new FlightFault("rate_limited", `${from} asks to come later (${status})`, told);
  }
  if (status >= 500) return new FlightFault("http_5xx", `${from} answered ${status}`);
  return new FlightFault("protocol", `${from} answered ${status}`);
}

/** Seconds, or a date. */
function retryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
