/** One question to a registry: challenge, token, redirects, statuses. */

import { isLoopback, messageOf, reasonOf, systemCodeOf } from "@haversack/base";
import { type PullCode, PullError } from "./pull-faults.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export type RegistryFetch = typeof globalThis.fetch;

export interface Asking {
  readonly ref: string;
  readonly credentials: Credentials | undefined;
  readonly accept: readonly string[];
}

interface Net {
  readonly fetch: RegistryFetch;
  readonly signal: AbortSignal;
}

const redirectsMax = 5;
const bodyBytesMax = 4 * 1024 * 1024;

/** Asks again and again with what it has learned: one challenge is answered, once. */
export function openAnswer(
  asking: Asking,
  fetch: RegistryFetch,
  signal: AbortSignal,
): (url: URL) => Promise<Uint8Array> {
  let authorization: string | undefined;
  const net: Net = { fetch, signal };
  const headers = () => ({
    accept: asking.accept.join(", "),
    ...(authorization !== undefined && { authorization }),
  });
  return async (url) => {
    let answer = await follow(url, headers(), net);
    if (answer.status === 401 && authorization === undefined) {
      const challenge = answer.headers.get("www-authenticate") ?? "";
      await answer.body?.cancel();
      authorization = await answerChallenge(challenge, url, asking, net);
      if (authorization !== undefined) answer = await follow(url, headers(), net);
    }
    if (answer.status !== 200) {
      await answer.body?.cancel();
      throw statusError(answer, `${url.host} answers ${answer.status} for ${asking.ref}`, asking.credentials);
    }
    return await bodyOf(answer, asking.ref, signal);
  };
}

/** The header goes to the host that it was made for, and to no other. */
async function follow(
  first: URL,
  headers: Record<string, string>,
  { fetch, signal }: Net,
): Promise<Response> {
  let url = first;
  for (let hop = 0; hop <= redirectsMax; hop += 1) {
    const { authorization: _, ...others } = headers;
    const mine = url.origin === first.origin ? headers : others;
    const answer = await reach(url, { headers: mine, redirect: "manual", signal }, fetch);
    const location = answer.headers.get("location");
    if (answer.status < 300 || answer.status > 399 || location === null) return answer;
    await answer.body?.cancel();
    const next = URL.parse(location, url);
    if (next === null || (next.protocol !== "https:" && next.protocol !== url.protocol)) {
      throw new PullError("protocol", `${url.host} redirects to where nobody should go without TLS`);
    }
    url = next;
  }
  throw new PullError("protocol", `${first.host} redirects more than ${redirectsMax} times`);
}

async function reach(url: URL, init: RequestInit, fetch: RegistryFetch): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted === true) throw reasonOf(init.signal);
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    const message = `the registry ${url.host} cannot be reached: ${messageOf(cause) || systemCodeOf(cause)}`;
    throw new PullError(networkCode(cause), message, { cause: error });
  }
}

function networkCode(cause: unknown): PullCode {
  const code = systemCodeOf(cause) ?? "";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "dns";
  return /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO|EPROTO/.test(code) ? "tls" : "network";
}

/** The header to ask with; undefined: nothing is known that would help. */
async function answerChallenge(
  challenge: string,
  registry: URL,
  { credentials, ref }: Asking,
  net: Net,
): Promise<string | undefined> {
  const basic =
    credentials === undefined
      ? undefined
      : `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
  if (/^basic\b/i.test(challenge)) return basic;
  const parts = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
  const realm = URL.parse(parts.get("realm") ?? "");
  if (!/^bearer\b/i.test(challenge) || realm === null || !maySend(realm, registry)) return undefined;
  for (const name of ["service", "scope"]) {
    const value = parts.get(name);
    if (value !== undefined) realm.searchParams.set(name, value);
  }
  const answer = await follow(realm, basic === undefined ? {} : { authorization: basic }, net);
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw statusError(answer, `${realm.host} answers ${answer.status} for a token for ${ref}`, credentials);
  }
  const token = tokenIn(await bodyOf(answer, ref, net.signal));
  return token === undefined ? undefined : `Bearer ${token}`;
}

function tokenIn(body: Uint8Array): string | undefined {
  try {
    const said = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown> | null;
    const token = said?.["token"] ?? said?.["access_token"];
    return typeof token === "string" ? token : undefined;
  } catch {
    return undefined;
  }
}

function maySend(realm: URL, registry: URL): boolean {
  if (realm.protocol === "https:") return true;
  return realm.protocol === "http:" && registry.protocol === "http:" && isLoopback(realm.hostname);
}

function statusError(answer: Response, message: string, credentials: Credentials | undefined): PullError {
  const { status } = answer;
  const later = Number(answer.headers.get("retry-after") ?? Number.NaN);
  if (status === 429 || (status === 503 && !Number.isNaN(later))) {
    return new PullError("rate_limited", message, Number.isNaN(later) ? {} : { retryAfterMs: later * 1000 });
  }
  if (status === 401 || status === 403) {
    const told = credentials === undefined ? "it wants credentials" : "it does not take these credentials";
    return new PullError("auth", `${message}: ${told}`);
  }
  if (status === 404) return new PullError("not_found", message);
  return new PullError(status >= 500 ? "http_5xx" : "protocol", message);
}

async function bodyOf(answer: Response, ref: string, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of answer.body ?? []) {
      length += chunk.length;
      if (length > bodyBytesMax) break;
      chunks.push(chunk);
    }
  } catch (error) {
    if (signal.aborted) throw reasonOf(signal);
    throw new PullError("truncated", `the answer of the registry for ${ref} broke off`, { cause: error });
  }
  if (length > bodyBytesMax) throw new PullError("protocol", `the registry sends too much for ${ref}`);
  return Buffer.concat(chunks);
}
