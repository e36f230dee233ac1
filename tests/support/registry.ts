/**
 * A read-only registry and file server on loopback: images are made in memory, faults are injected on request. It speaks
 * the OCI distribution protocol with Range, ETag and If-Range, counts the bytes that went out, and knows two kinds of
 * authentication. `test-images.ts` makes what it serves.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Content, type ImageShelf, imageShelf } from "./image-shelf.ts";
import { type Pace, sendBody } from "./slow-body.ts";

/** How one answer is wrong; offsets are bytes of its body. */
export interface AnswerFault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly redirect?: string;
  readonly cutAt?: number;
  readonly stallAt?: number;
  readonly corruptAt?: number;
  readonly ignoreRange?: boolean;
  readonly bytesPerSecond?: Pace;
  /** Instead of the content. */
  readonly body?: Uint8Array;
}

export interface Asked {
  readonly kind: "manifests" | "blobs" | "files";
  readonly name: string;
  readonly size: number;
  readonly method: string;
  /** How often this was asked for, from 1. */
  readonly nth: number;
}

export interface RegistryOptions {
  readonly port?: number;
  /** Of blobs and files; absent: as fast as it goes. */
  readonly bytesPerSecond?: number;
  readonly fault?: (asked: Asked) => AnswerFault | undefined;
  /** `token`: the flow of the large registries, with a realm of its own. */
  readonly auth?: { readonly kind: "basic" | "token"; readonly username: string; readonly password: string };
}

export interface RequestSeen {
  readonly method: string;
  readonly url: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  status: number;
  /** Of the body, as far as they went out. */
  bytes: number;
}

export interface TestRegistry extends ImageShelf, AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly requests: readonly RequestSeen[];
  /** Bytes of blobs and files that went out. */
  blobBytes(): number;
  fault: ((asked: Asked) => AnswerFault | undefined) | undefined;
  bytesPerSecond: number | undefined;
}

const token = "a-token-for-tests";

export async function testRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const shelf = imageShelf();
  const requests: RequestSeen[] = [];
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const seen = notice(request);
    requests.push(seen);
    const turn: Turn = { request, response, seen, registry, counts, options };
    answer(turn).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const registry: TestRegistry = {
    ...shelf,
    port,
    host: `127.0.0.1:${port}`,
    requests,
    blobBytes: () =>
      requests.filter(({ url }) => !url.includes("/manifests/")).reduce((sum, { bytes }) => sum + bytes, 0),
    fault: options.fault,
    bytesPerSecond: options.bytesPerSecond,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return registry;
}

interface Turn {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly seen: RequestSeen;
  readonly registry: TestRegistry;
  readonly counts: Map<string, number>;
  readonly options: RegistryOptions;
}

function notice({ method = "", url = "", headers }: IncomingMessage): RequestSeen {
  return { method, url, range: headers.range, authorization: headers.authorization, status: 0, bytes: 0 };
}

async function answer(turn: Turn): Promise<void> {
  const path = (turn.request.url ?? "").split("?")[0] ?? "";
  if (path === "/token") return giveToken(turn);
  if (!isAllowed(turn)) return challenge(turn);
  if (path === "/v2/") return json(turn, 200, {});
  const found = turn.registry.find(path);
  if (found === undefined) return json(turn, 404, { errors: [{ code: "NAME_UNKNOWN", detail: path }] });
  if (found.content === undefined) {
    const code = found.kind === "blobs" ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN";
    return json(turn, 404, { errors: [{ code, message: "unknown", detail: { name: found.name } }] });
  }
  await serve(turn, { kind: found.kind, name: found.name, content: found.content });
}

interface Found {
  readonly kind: Asked["kind"];
  readonly name: string;
  readonly content: Content;
}

async function serve(turn: Turn, { kind, name, content }: Found): Promise<void> {
  const { request, response, registry, counts } = turn;
  const method = request.method ?? "";
  const key = `${method} ${kind} ${content.digest}`;
  const nth = (counts.get(key) ?? 0) + 1;
  counts.set(key, nth);
  const wrong = registry.fault?.({ kind, name, size: content.data.length, method, nth }) ?? {};
  if (wrong.redirect !== undefined) return end(turn, 307, { location: wrong.redirect });
  if (wrong.status !== undefined) return end(turn, wrong.status, wrong.headers ?? {});
  const etag = `"${content.digest}"`;
  const data = wrong.body ?? content.data;
  const from = wrong.ignoreRange === true ? 0 : startOf(request, etag);
  if (from > 0 && from >= data.length) return end(turn, 416, { "content-range": `bytes */${data.length}` });
  const body = data.subarray(from);
  head(turn, from > 0 ? 206 : 200, {
    "content-type": kind === "blobs" ? "application/octet-stream" : content.mediaType,
    "content-length": String(body.length),
    "docker-content-digest": content.digest,
    "accept-ranges": "bytes",
    etag,
    ...(from > 0 && { "content-range": `bytes ${from}-${data.length - 1}/${data.length}` }),
    ...wrong.headers,
  });
  if (method === "HEAD") return void response.end();
  const bytesPerSecond = wrong.bytesPerSecond ?? (kind === "manifests" ? undefined : registry.bytesPerSecond);
  await sendBody(response, body, { ...wrong, bytesPerSecond }, (bytes) => {
    turn.seen.bytes += bytes;
  });
}

/** The first byte asked for; 0 when there is no Range or its condition does not hold. */
function startOf({ headers }: IncomingMessage, etag: string): number {
  const [, from] = /^bytes=(\d+)-/.exec(headers.range ?? "") ?? [];
  const condition = headers["if-range"];
  return from !== undefined && (condition === undefined || condition === etag) ? Number(from) : 0;
}

function isAllowed({ request, options }: Turn): boolean {
  if (options.auth === undefined) return true;
  const wanted = options.auth.kind === "basic" ? basicOf(options.auth) : `Bearer ${token}`;
  return request.headers.authorization === wanted;
}

function challenge(turn: Turn): void {
  const realm = `http://${turn.registry.host}/token`;
  const scheme =
    turn.options.auth?.kind === "basic"
      ? 'Basic realm="test"'
      : `Bearer realm="${realm}",service="test",scope="repository:x:pull"`;
  json(turn, 401, { errors: [{ code: "UNAUTHORIZED" }] }, { "www-authenticate": scheme });
}

function giveToken(turn: Turn): void {
  const { auth } = turn.options;
  const isRight = auth !== undefined && turn.request.headers.authorization === basicOf(auth);
  if (isRight) json(turn, 200, { token });
  else json(turn, 401, { errors: [{ code: "UNAUTHORIZED" }] });
}

function basicOf({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function head({ response, seen }: Turn, status: number, headers: Readonly<Record<string, string>>): void {
  seen.status = status;
  response.writeHead(status, { "docker-distribution-api-version": "registry/2.0", ...headers });
}

function end(turn: Turn, status: number, headers: Readonly<Record<string, string>>): void {
  head(turn, status, headers);
  turn.response.end();
}

function json(
  turn: Turn,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  head(turn, status, { "content-type": "application/json", ...headers });
  turn.response.end(JSON.stringify(body));
}
