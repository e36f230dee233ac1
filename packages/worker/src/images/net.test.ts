/** Credentials, tokens, redirects and proxies, over real HTTP on this host. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "@haversack/base";
import { describe, expect, test } from "vitest";
import { plain } from "./flight-fault.ts";
import { get, openNet, readText } from "./net.ts";
import { parseTagged, pinTag } from "./tags.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serverOf(answer: Answer) {
  const seen: { readonly url: string; readonly authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? "", authorization: request.headers.authorization });
    answer(request, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const never = new AbortController().signal;
const secret = { username: "w", password: "geheim" };
const basic = `Basic ${Buffer.from("w:geheim").toString("base64")}`;
const netWith = (hosts: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  openNet(
    new Map(Object.entries(env)),
    { credentials: new Map(hosts.map((host) => [host, secret])) },
    systemClock,
  );

describe("a question", () => {
  test("takes the credentials of its host, and does not take them along a redirect", async () => {
    await using other = await serverOf((_, response) => void response.end("there"));
    await using first = await serverOf((request, response) => {
      if (request.url === "/end") response.end("same host");
      else
        response
          .writeHead(302, { location: request.url === "/far" ? `http://${other.host}/x` : "/end" })
          .end();
    });
    const net = netWith([first.host]);
    const far = await get(net, new URL(`http://${first.host}/far`), {}, never);
    expect(await readText(far.response, 100, far.from, never)).toBe("there");
    expect(first.seen[0]?.authorization).toBe(basic);
    expect(other.seen).toEqual([{ url: "/x", authorization: undefined }]);
    (await get(net, new URL(`http://${first.host}/near`), {}, never)).response.destroy();
    expect(first.seen.map(({ authorization }) => authorization)).toEqual([basic, basic, basic]);
  });

  test("that is challenged gets a token once, and asks for it with what that host may know", async () => {
    await using tokens = await serverOf((_, response) => void response.end(JSON.stringify({ token: "tok" })));
    await using registry = await serverOf((request, response) => {
      if (request.headers.authorization === "Bearer tok") response.end("in");
      else {
        const challenge = `Bearer realm="http://${tokens.host}/token",service="reg",scope="pull"`;
        response.writeHead(401, { "www-authenticate": challenge }).end();
      }
    });
    const net = netWith([registry.host]);
    const reply = await get(net, new URL(`http://${registry.host}/v2/x`), {}, never);
    expect(reply.status).toBe(200);
    reply.response.destroy();
    expect(tokens.seen).toEqual([{ url: "/token?service=reg&scope=pull", authorization: undefined }]);
    (
      await get(netWith([tokens.host]), new URL(`http://${registry.host}/v2/x`), {}, never)
    ).response.destroy();
    expect(tokens.seen[1]?.authorization).toBe(basic);
  });

  test("whose token is not taken, or not given, is auth", async () => {
    await using refusing = await serverOf((request, response) => {
      if (request.url?.startsWith("/token") === true) response.writeHead(403).end();
      else response.writeHead(401, { "www-authenticate": 'Bearer realm="/token"' }).end();
    });
    await expect(get(netWith([]), new URL(`http://${refusing.host}/`), {}, never)).rejects.toMatchObject({
      code: "auth",
      message: expect.stringContaining("gave no token (403)"),
    });
  });

  test("ends in a circle of redirects, at plain text to elsewhere, and at once when it is cancelled", async () => {
    await using circle = await serverOf(
      (_, response) => void response.writeHead(302, { location: "/" }).end(),
    );
    await expect(get(netWith([]), new URL(`http://${circle.host}/`), {}, never)).rejects.toMatchObject({
      code: "protocol",
    });
    await expect(get(netWith([]), new URL("http://mirror.example/x?key=1"), {}, never)).rejects.toMatchObject(
      {
        message: "http://mirror.example/x: expected https, or http on this host",
      },
    );
    await using silent = await serverOf(() => {});
    const abort = new AbortController();
    const asking = get(netWith([]), new URL(`http://${silent.host}/`), {}, abort.signal);
    abort.abort(new Error("enough"));
    await expect(asking).rejects.toThrow("enough");
  });

  test("goes through the proxy of the environment, but to where NO_PROXY says", async () => {
    await using proxy = await serverOf((_, response) => void response.end("by proxy"));
    await using direct = await serverOf((_, response) => void response.end("direct"));
    const through = async (env: Readonly<Record<string, string>>) => {
      const reply = await get(netWith([], env), new URL(`http://${direct.host}/x`), {}, never);
      return await readText(reply.response, 100, reply.from, never);
    };
    const address = { HTTP_PROXY: `http://${proxy.host}` };
    expect(await through(address)).toBe("by proxy");
    expect(await through({ ...address, NO_PROXY: "127.0.0.1" })).toBe("direct");
    expect(proxy.seen[0]?.url).toBe(`http://${direct.host}/x`);
  });
});

describe("a text of somebody else", () => {
  test("is shown without control characters, queries and passwords of addresses, and without end", () => {
    expect(plain("\u001b[31mno\u0007 https://u:p@h.example/x?sig=1#y 'http://a/b?c'")).toBe(
      " [31mno  https://h.example/x 'http://a/b'",
    );
    expect(plain("x".repeat(10_000))).toHaveLength(500);
  });
});

describe("a tag", () => {
  test.each([
    ["debian", "docker.io/library/debian", "latest"],
    ["debian:bookworm-slim", "docker.io/library/debian", "bookworm-slim"],
    ["me/app:1", "docker.io/me/app", "1"],
    ["registry.example:5000/a/b:v1.2", "registry.example:5000/a/b", "v1.2"],
    ["localhost/a", "localhost/a", "latest"],
  ])("%s is %s:%s", (ref, name, tag) => {
    expect(parseTagged(ref)).toMatchObject({ name, tag });
  });

  test.each(["", "UPPER/case", "a b", "x:y:z", "registry.example:5000/"])("%j is none", (ref) => {
    expect(() => parseTagged(ref)).toThrow(/expected \[HOST/);
  });

  test("is pinned by the hash of what its registry sends", async () => {
    await using registry = await serverOf((request, response) => {
      if (request.url === "/v2/a/b/manifests/v1") response.end("{}");
      else response.writeHead(404).end();
    });
    const hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    expect(await pinTag(`${registry.host}/a/b:v1`, netWith([]), never)).toBe(
      `${registry.host}/a/b@sha256:${hash}`,
    );
    await expect(pinTag(`${registry.host}/a/b:v2`, netWith([]), never)).rejects.toMatchObject({
      code: "not_found",
    });
  });
});
