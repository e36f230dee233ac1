/**
 * The web page: the files of one folder, read once at start. A path is looked up as it came and never becomes the name of
 * a file, so there is no way out of the folder. They are the same for everybody and hold no data; who may read what is
 * asked of the calls that the page makes.
 */

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { FaultError, systemCodeOf } from "@haversack/base";
import type { Handler } from "./server.ts";

type Request = Parameters<Handler>[0];
type Response = Parameters<Handler>[1];

interface StaticFile {
  readonly type: string;
  readonly body: Buffer;
  /** Absent: it would not become smaller. */
  readonly zipped?: Buffer;
  readonly etag: string;
  /** Its name changes with its content. */
  readonly isHashed: boolean;
}

/** By path, such as `/assets/index-x1.js`; empty: the page is not built. */
type StaticFiles = ReadonlyMap<string, StaticFile>;

const filesMax = 200;
const bytesMax = 20_000_000;
/** Smaller ones fit into a packet as they are. */
const zipFromBytes = 1000;

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const headers: Readonly<Record<string, string>> = {
  "content-security-policy": contentPolicy,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const notBuilt =
  "The web page is not built. Run `npm run dashboard:build` in the checkout, then start the coordinator again.\n";

/**
 * Answers whether a request was for the page. A folder that is not there makes a page that says how to build it; rejects
 * with FaultError `invalid` for a folder that is no page.
 */
export async function openStaticFiles(
  folder: string,
): Promise<(request: Request, response: Response) => boolean> {
  const files = await readFiles(folder);
  return (request, response) => answer(files, request, response);
}

async function readFiles(folder: string): Promise<StaticFiles> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (systemCodeOf(error) === "ENOENT") return [];
    throw error;
  });
  const files = new Map<string, StaticFile>();
  let bytes = 0;
  for (const entry of found) {
    const type = types[extname(entry.name)];
    // Links lead elsewhere, and what begins with a dot is not meant for others.
    if (!entry.isFile() || type === undefined || entry.name.startsWith(".")) continue;
    const name = join(entry.parentPath, entry.name);
    const path = `/${relative(folder, name).split(sep).join("/")}`;
    const body = await readFile(name);
    bytes += body.length;
    if (files.size >= filesMax || bytes > bytesMax) throw tooMuch(folder);
    files.set(path, fileOf(path, type, body));
  }
  const index = files.get("/index.html");
  return index === undefined ? new Map() : files.set("/", index);
}

function fileOf(path: string, type: string, body: Buffer): StaticFile {
  const zipped = body.length < zipFromBytes ? undefined : gzipSync(body, { level: 9 });
  return {
    type,
    body,
    ...(zipped === undefined || zipped.length >= body.length ? {} : { zipped }),
    etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
    isHashed: path.startsWith("/assets/"),
  };
}

function answer(files: StaticFiles, request: Request, response: Response): boolean {
  const { method, url = "" } = request;
  if (method !== "GET" && method !== "HEAD") return false;
  const [path = ""] = url.split("?", 1);
  const file = files.get(path);
  if (file === undefined && (path !== "/" || files.size > 0)) return false;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (file !== undefined) send(file, request, response);
  else sayNotBuilt(method, response);
  return true;
}

function send(
  { type, body, zipped, etag, isHashed }: StaticFile,
  request: Request,
  response: Response,
): void {
  response.setHeader("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
  response.setHeader("etag", etag);
  response.setHeader("vary", "accept-encoding");
  if (request.headers["if-none-match"] === etag) {
    response.statusCode = 304;
    response.end();
    return;
  }
  const isZipped = zipped !== undefined && /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  const bytes = isZipped ? zipped : body;
  if (isZipped) response.setHeader("content-encoding", "gzip");
  response.setHeader("content-type", type);
  response.setHeader("content-length", bytes.length);
  response.statusCode = 200;
  if (request.method === "HEAD") response.end();
  else response.end(bytes);
}

function sayNotBuilt(method: string, response: Response): void {
  response.statusCode = 503;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.setHeader("cache-control", "no-store");
  if (method === "HEAD") response.end();
  else response.end(notBuilt);
}

function tooMuch(folder: string): FaultError {
  const message = `the page folder ${folder} has more than ${filesMax} files or ${bytesMax} bytes: it is not the built page`;
  return new FaultError("invalid", "bad_page", message);
}
