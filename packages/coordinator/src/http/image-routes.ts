/**
 * `/v1/workers/{id}/images/{ref}`: images of workers for whoever speaks plain HTTP and JSON.
 *
 *   GET   .../{ref}                a snapshot
 *   POST  .../{ref}/pull           begins, or joins what is under way
 *   POST  .../{ref}/pull/cancel    ends it
 *   GET   .../{ref}/pull/stream    server-sent events
 */

import { Code, ConnectError } from "@connectrpc/connect";
import { codeToHttpStatus } from "@connectrpc/connect/protocol-connect";
import { required, workerImageFromWire } from "@haversack/protocol";
import { snapshotJson } from "./image-json.ts";
import type { ImageHttpParts, ImageRequest, Request, Response } from "./image-request.ts";
import { streamImage } from "./image-stream.ts";

type Answer = (
  parts: ImageHttpParts,
  asked: ImageRequest,
  request: Request,
  response: Response,
) => Promise<void>;

const answers: Readonly<Record<string, { readonly method: "GET" | "POST"; readonly answer: Answer }>> = {
  "": { method: "GET", answer: status },
  "/pull": { method: "POST", answer: pull },
  "/pull/cancel": { method: "POST", answer: cancel },
  "/pull/stream": { method: "GET", answer: streamImage },
};

const path = /^\/v1\/workers\/([^/?]+)\/images\/([^/?]+)(\/[a-z/]+)?(?:\?.*)?$/;
const bodyBytesMax = 4096;
const retryAfterSeconds = "5";

/** Whether the request was for images. */
export function answerImages(parts: ImageHttpParts, request: Request, response: Response): boolean {
  const [, worker, ref, rest = ""] = path.exec(request.url ?? "") ?? [];
  const route = Object.hasOwn(answers, rest) ? answers[rest] : undefined;
  if (worker === undefined || ref === undefined || route === undefined) return false;
  if (request.method !== route.method) {
    response.setHeader("allow", route.method);
    write(response, 405, { code: "method_not_allowed", message: `expected ${route.method}` });
    return true;
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const headers = new Headers();
  const { authorization } = request.headers;
  if (authorization !== undefined) headers.set("authorization", authorization);
  const peer = { address: request.socket.remoteAddress ?? "", socket: request.socket };
  const client = parts.calls(peer);
  const asked = { worker: decoded(worker), ref: decoded(ref), headers, signal: gone.signal, client };
  route.answer(parts, asked, request, response).catch((error: unknown) => refuse(response, error));
  return true;
}

async function status(
  _parts: ImageHttpParts,
  { client, worker, ref, headers, signal }: ImageRequest,
  _request: Request,
  response: Response,
): Promise<void> {
  const { image } = await client.status({ worker, ref }, { headers, signal });
  write(response, 200, snapshotJson(workerImageFromWire(required(image, "image"))));
}

async function pull(
  _parts: ImageHttpParts,
  { client, worker, ref, headers, signal }: ImageRequest,
  request: Request,
  response: Response,
): Promise<void> {
  const digest = await digestIn(request);
  // Who may not call is told that first.
  const asked = client.pull({ worker, ref, digest: digest ?? "?" }, { headers, signal });
  const { resumed, image: wire } = await asked.catch((error: unknown) => {
    const isBody = digest === undefined && ConnectError.from(error).code === Code.InvalidArgument;
    throw isBody ? new ConnectError(badBody, Code.InvalidArgument) : error;
  });
  const image = workerImageFromWire(required(wire, "image"));
  const done = image.status.state === "ready";
  write(response, done ? 200 : 202, { resumed, ...snapshotJson(image) });
}

async function cancel(
  _parts: ImageHttpParts,
  { client, worker, ref, headers, signal }: ImageRequest,
  _request: Request,
  response: Response,
): Promise<void> {
  const { image } = await client.cancel({ worker, ref }, { headers, signal });
  write(response, 200, snapshotJson(workerImageFromWire(required(image, "image"))));
}

const badBody = 'body: expected nothing, or JSON such as {"digest": "sha256:…"}';

/** Empty: none is named. Undefined: the body says something else. */
async function digestIn(request: Request): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8").trim();
  if (text === "") return "";
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  const { digest = "", ...others } = body as { digest?: unknown };
  return typeof digest === "string" && Object.keys(others).length === 0 ? digest : undefined;
}

/** What cannot be decoded is no id and no ref, which is said when it is known who asks. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** By the one table of codes; a stream that has begun can only end. */
function refuse(response: Response, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { code, rawMessage } = ConnectError.from(error);
  if (code === Code.Unavailable || code === Code.ResourceExhausted)
    response.setHeader("retry-after", retryAfterSeconds);
  if (code === Code.Unauthenticated) response.setHeader("www-authenticate", "Bearer");
  const name = Code[code].replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
  write(response, codeToHttpStatus(code), { code: name, message: rawMessage });
}

function write(response: Response, statusCode: number, body: object): void {
  if (response.destroyed) return;
  response.statusCode = statusCode;
  response.setHeader("content-type", "application/json");
  response.setHeader("cache-control", "no-store");
  response.end(`${JSON.stringify(body)}\n`);
}
