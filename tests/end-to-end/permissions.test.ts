/**
 * Every method of every service that is served, with every role and without one, in every protocol, against a real
 * coordinator: let in or refused as `permits` says. The methods are those of the contract, so that a new one is here
 * from its first day.
 */

import { request } from "node:http";
import { create, type DescMessage, type DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { type Role, tokenRoles } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { services } from "../../packages/coordinator/src/api/routes.ts";
import { methodName, methodRules, permits } from "../../packages/coordinator/src/auth/permissions.ts";
import { type AccessWorld, accessWorld, noSignal } from "../support/access.ts";

interface Shown {
  readonly name: string;
  readonly token: string | undefined;
  /** Undefined: nobody is known by it. */
  readonly role: Role | undefined;
}

let world: AccessWorld;
const shown: Shown[] = [];

beforeAll(async () => {
  world = await accessWorld();
  for (const role of tokenRoles) shown.push({ name: role, token: (await world.token(role)).secret, role });
  const revoked = await world.token("admin", "revoked");
  await world.admin.revokeToken(revoked.id, noSignal);
  const expired = await world.token("admin", "expired", 60);
  world.skip(60_000);
  const nobody = { revoked: revoked.secret, expired: expired.secret, none: undefined, foreign: "x" };
  const damaged = { cut: world.adminToken.slice(0, -1), mistyped: expired.secret.replace(/.$/, "!") };
  for (const [name, token] of Object.entries({ ...nobody, ...damaged }))
    shown.push({ name, token, role: undefined });
  shown.push({ name: "admin.token", token: world.adminToken, role: "admin" });
  shown.push({ name: "worker.token", token: world.workerToken, role: "worker" });
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

const transports: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  gRPC: (baseUrl) => createGrpcTransport({ baseUrl }),
  "gRPC-web over HTTP/1.1": (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  "gRPC-web over HTTP/2": (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "2" }),
  "Connect over HTTP/1.1": (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  "Connect over HTTP/2": (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" }),
  "JSON over HTTP/1.1": (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
  "JSON over HTTP/2": (baseUrl) =>
    createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: false }),
};

const methods = services.flatMap((service): readonly DescMethod[] => service.methods);
const rules = methodRules(services);

/** `in`, or the code of the refusal. An empty message is enough: what is wrong with it is found behind the door. */
async function outcome(transport: Transport, method: DescMethod, token: string | undefined): Promise<string> {
  const header = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const stop = new AbortController();
  try {
    if (method.methodKind === "unary") {
      await transport.unary(method as never, stop.signal, undefined, header, create(method.input));
    } else {
      const input = one(create<DescMessage>(method.input), method.methodKind === "bidi_streaming");
      const answer = await transport.stream(method as never, stop.signal, undefined, header, input as never);
      for await (const _ of answer.message) break;
    }
    return "in";
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    // The role may; which worker it is, or whether it can show a key, is asked behind the door.
    if (code === Code.PermissionDenied && !rawMessage.startsWith("the role ")) return "in";
    return code === Code.Unauthenticated || code === Code.PermissionDenied ? Code[code] : "in";
  } finally {
    stop.abort();
  }
}

/** A stream both ways that said nothing would wait for more. */
async function* one<T>(message: T, isNeeded: boolean): AsyncIterable<T> {
  if (isNeeded) yield message;
}

function expected(method: DescMethod, { role }: Shown): string {
  const permission = rules.get(methodName(method))?.permission ?? "administer";
  if (permission === "public") return "in";
  if (role === undefined) return "Unauthenticated";
  return permits(role, permission) ? "in" : "PermissionDenied";
}

describe.each(Object.keys(transports))("%s", (name) => {
  test("lets in who may, and nobody else, to every method", async () => {
    const transport = transports[name]?.(world.url) as Transport;
    // HTTP/1.1 has no streams both ways: it is told so before anybody is asked who they are (505).
    const asked = methods.filter(
      ({ methodKind }) => methodKind !== "bidi_streaming" || !name.endsWith("1.1"),
    );
    const wrong: string[] = [];
    let count = 0;
    for (const credential of shown) {
      const calls = asked.map(async (method) => {
        const found = await outcome(transport, method, credential.token);
        count += 1;
        if (found === expected(method, credential)) return;
        wrong.push(
          `${credential.name} to ${methodName(method)}: ${found}, not ${expected(method, credential)}`,
        );
      });
      await Promise.all(calls);
    }
    expect(wrong).toEqual([]);
    expect(count).toBe(asked.length * shown.length);
    expect(asked.length).toBeGreaterThan(45);
  });
});

const list = "/haversack.v1.RunService/List";

/** The status of a plain request without a token, or with this header. The path goes out as it stands. */
async function status(path: string, headers: Record<string, string> = {}, method = "POST"): Promise<number> {
  const answer = Promise.withResolvers<number>();
  const sent = request(world.url, {
    path,
    method,
    headers: { "content-type": "application/json", ...headers },
  });
  sent.on("response", (response) => {
    response.resume();
    answer.resolve(response.statusCode ?? 0);
  });
  sent.on("error", answer.reject);
  sent.end(method === "POST" ? "{}" : undefined);
  return await answer.promise;
}

describe("without a token nothing answers but what is public (A2, AU-6)", () => {
  test("liveness and health do", async () => {
    expect(await status("/livez", {}, "GET")).toBe(200);
    expect(await status("/grpc.health.v1.Health/Check")).toBe(200);
  });

  test.each([
    list,
    `${list}?`,
    `${list}?encoding=json&connect=v1&message=%7B%7D`,
    `${list}?token=x`,
    `/${list}`,
    `${list}/`,
    `${list}//`,
    `${list}/livez`,
    `${list}%2Flivez`,
    `${list};/livez`,
    `${list}#/livez`,
    "/livez/../haversack.v1.RunService/List",
    "/livez%2F..%2Fhaversack.v1.RunService%2FList",
    "/livez/%2e%2e/haversack.v1.RunService/List",
    "/%68aversack.v1.RunService/List",
    "/haversack.v1.RunService%2FList",
    "/haversack.v1.RunService//List",
    "/haversack.v1.RunService/list",
    "/HAVERSACK.v1.RunService/List",
    "/haversack.v1.RunService/List.json",
    "/haversack.v1.RunService/List/configs",
    "/api/haversack.v1.RunService/List",
    "/livez/",
    "/",
    "/metrics",
    "/readyz/../metrics",
    "/admin.token",
    "/.haversack/admin.token",
    "/favicon.ico",
  ])("%s", async (path) => {
    for (const method of ["POST", "GET", "PUT", "HEAD", "OPTIONS", "DELETE"])
      expect([401, 403, 404, 405, 415]).toContain(await status(path, {}, method));
  });

  test.each([
    { "x-http-method-override": "GET" },
    { "x-original-url": "/livez" },
    { "x-rewrite-url": "/livez" },
    { "x-forwarded-for": "127.0.0.1" },
    { "x-forwarded-user": "admin" },
    { authorization: "Basic YWRtaW46YWRtaW4=" },
    { authorization: "Bearer" },
    { authorization: "Bearer " },
    { authorization: "bearer\tx" },
    { cookie: "token=x" },
    { "x-api-key": "x" },
    { "content-encoding": "gzip" },
    { "connect-protocol-version": "1" },
  ])("with the headers %o", async (headers) => {
    expect(await status(list, headers as unknown as Record<string, string>)).toBe(401);
  });

  test("one that is wrong is not made good by another way of showing it", async () => {
    const good = world.adminToken;
    expect(await status(`${list}?token=${good}&access_token=${good}`)).toBe(401);
    expect(await status(list, { cookie: `token=${good}`, authorization: "Bearer x" })).toBe(401);
    expect(await status(list, { authorization: `Bearer x, Bearer ${good}` })).toBe(401);
    expect(await status(list, { authorization: `Bearer ${good}` })).toBe(200);
  });

  test("a message is not read before its sender is known: what is wrong with it is told to nobody else", async () => {
    const send = async (token: string) => {
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      const response = await fetch(`${world.url}${list}`, {
        method: "POST",
        headers,
        body: "{ this is no JSON",
      });
      return ((await response.json()) as { code: string }).code;
    };
    expect(await send("x")).toBe("unauthenticated");
    expect(await send(world.workerToken)).toBe("permission_denied");
    expect(await send(world.adminToken)).toBe("invalid_argument");
  });

  test("a stream both ways is not there over HTTP/1.1", async () => {
    const session = "/haversack.v1.WorkerService/Session";
    expect(await status(session, { "content-type": "application/connect+json" })).toBe(505);
  });
});
