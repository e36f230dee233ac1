/** The page over a real server, asked as a browser asks and as one who tries to get out of the folder. */

import { mkdir, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { systemClock } from "@haversack/base";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { createHandler } from "./handler.ts";
import { HttpServer } from "./server.ts";
import { openStaticFiles } from "./static-files.ts";

const script = `console.log("${"page ".repeat(500)}");`;
const index = "<!doctype html><title>page</title>";

let folder: Awaited<ReturnType<typeof tempFolder>>;
let server: HttpServer;

async function serve(dir: string): Promise<HttpServer> {
  const page = await openStaticFiles(dir);
  const parts = { routes: () => {}, interceptors: [], stopping: new AbortController().signal, page };
  const made = new HttpServer({ host: "127.0.0.1", port: 0 }, createHandler(parts), systemClock);
  await made.start();
  return made;
}

beforeAll(async () => {
  folder = await tempFolder("haversack-page");
  const dist = join(folder.path, "dist");
  await mkdir(join(dist, "assets"), { recursive: true });
  await writeFile(join(dist, "index.html"), index);
  await writeFile(join(dist, "assets/index-x1.js"), script);
  await writeFile(join(dist, "assets/index-x1.css"), "body{}");
  await writeFile(join(dist, ".digest"), "x");
  await writeFile(join(dist, ".hidden.js"), "x");
  await writeFile(join(dist, "notes.txt"), "x");
  await writeFile(join(folder.path, "outside.js"), "secret");
  await symlink(join(folder.path, "outside.js"), join(dist, "link.js"));
  server = await serve(dist);
});
afterAll(async () => {
  await server.stop("now");
  await folder[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** The path goes out as it stands. */
async function ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  const answer = Promise.withResolvers<Answer>();
  const sent = request(server.url, { path, method, headers });
  sent.on("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("end", () =>
      answer.resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks),
      }),
    );
  });
  sent.on("error", answer.reject);
  sent.end();
  return await answer.promise;
}

describe("what is there", () => {
  test("the page itself is asked for each time, under a policy that allows nothing from elsewhere", async () => {
    for (const path of ["/", "/?x=1", "/index.html"]) {
      const { status, headers, body } = await ask(path);
      expect([status, body.toString()]).toEqual([200, index]);
      expect(headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      });
      const policy = String(headers["content-security-policy"]).split("; ");
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy.join()).not.toMatch(/unsafe|\*|https?:|data:/);
    }
  });

  test("what has its digest in its name is kept for ever, and goes out compressed to who takes that", async () => {
    const plain = await ask("/assets/index-x1.js");
    expect([plain.status, plain.body.toString()]).toEqual([200, script]);
    expect(plain.headers["cache-control"]).toContain("immutable");
    const zipped = await ask("/assets/index-x1.js", { "accept-encoding": "br, gzip" });
    expect(zipped.headers["content-encoding"]).toBe("gzip");
    expect(zipped.body.length).toBeLessThan(plain.body.length / 2);
    expect((await ask("/assets/index-x1.css")).headers["content-type"]).toContain("text/css");
  });

  test("HEAD says the same without the bytes; what the asker has is not sent again", async () => {
    const head = await ask("/", {}, "HEAD");
    expect([head.status, head.body.length, head.headers["content-length"]]).toEqual([
      200,
      0,
      String(index.length),
    ]);
    const again = await ask("/", { "if-none-match": String(head.headers["etag"]) });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });
});

test.each([
  "/nothing",
  "/assets",
  "/assets/",
  "/assets/nothing.js",
  "/index.html/",
  "//index.html",
  "/INDEX.html",
  "/%69ndex.html",
  "/index.html%00.js",
  "/../outside.js",
  "/assets/../../outside.js",
  "/..%2foutside.js",
  "/%2e%2e/outside.js",
  "/assets/..%5c..%5coutside.js",
  "\\..\\outside.js",
  "/link.js",
  "/.digest",
  "/.hidden.js",
  "/notes.txt",
  "/__proto__",
  "/constructor",
])("nothing is at %s", async (path) => {
  for (const method of ["GET", "HEAD"]) {
    const { status, body } = await ask(path, {}, method);
    expect([400, 404]).toContain(status);
    expect(body.toString()).not.toContain("secret");
  }
});

test("it is read only, and not for pages of others", async () => {
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"])
    expect((await ask("/", {}, method)).status).toBe(404);
  expect((await ask("/", { host: "evil.example" })).status).toBe(403);
  expect((await ask("/", { origin: "http://evil.example" })).status).toBe(403);
});

test("a page that is not built says how to build it", async () => {
  const none = await serve(join(folder.path, "nothing-here"));
  const response = await fetch(none.url);
  expect([response.status, await response.text()]).toEqual([
    503,
    expect.stringContaining("npm run dashboard:build"),
  ]);
  expect((await fetch(`${none.url}/assets/x.js`)).status).toBe(404);
  await none.stop("now");
});

test("a folder that is no page is refused", async () => {
  const full = join(folder.path, "full");
  await mkdir(full);
  for (let at = 0; at < 201; at++) await writeFile(join(full, `${at}.js`), "");
  await expect(openStaticFiles(full)).rejects.toThrow("more than 200 files");
});
