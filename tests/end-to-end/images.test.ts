/** Images of workers by plain HTTP: what each verb answers to whom (I14), and one image as a stream of events (I13). */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noSignal } from "../support/access.ts";
import type { ImageWorker } from "../support/image-worker.ts";
import { baseDigest, framesOf, ImageWorld } from "../support/image-world.ts";

const base = baseDigest("1");
const pinned = encodeURIComponent(`registry.example/o/n@${baseDigest("pinned")}`);
const other = baseDigest("other");

let world: ImageWorld;
let worker: ImageWorker;
const tokens = { viewer: "", operator: "", worker: "", wrong: "hvt_nobody" };

beforeAll(async () => {
  world = await ImageWorld.start();
  worker = await world.worker("w");
  const admin = await world.client();
  for (const role of ["viewer", "operator"] as const)
    tokens[role] = (await admin.createToken({ name: role, role, lifetimeSeconds: 0 }, noSignal)).secret;
  tokens.worker = await world.token("worker");
});
afterAll(() => world[Symbol.asyncDispose]());

const verbs = [
  ["GET", "", "viewer"],
  ["POST", "/pull", "operator"],
  ["POST", "/pull/cancel", "operator"],
  ["GET", "/pull/stream", "viewer"],
] as const;

async function answer(method: string, path: string, token?: string, body?: string) {
  const response = await world.http(method, path, token, body);
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream")) {
    await response.body?.cancel();
    return { status: response.status, body: {} as Record<string, unknown>, response };
  }
  return { status: response.status, body: (await response.json()) as Record<string, unknown>, response };
}

describe.each(verbs)("%s .../{ref}%s", (method, rest, least) => {
  test("401 without a token that counts, whatever is asked for", async () => {
    for (const token of ["", tokens.wrong])
      for (const path of ["w/images/base", "nobody/images/base", "w/images/bad%20ref", "w/images/%ZZ"]) {
        const { status, body, response } = await answer(method, `${path}${rest}`, token);
        expect([path, status, body["code"]]).toEqual([path, 401, "unauthenticated"]);
        expect(response.headers.get("www-authenticate")).toBe("Bearer");
      }
  });

  test("403 for who may not, also where there is nothing", async () => {
    const refused = least === "operator" ? [tokens.viewer, tokens.worker] : [tokens.worker];
    for (const token of refused)
      for (const path of ["w/images/base", "nobody/images/base", "w/images/bad%20ref"])
        expect([path, (await answer(method, `${path}${rest}`, token)).status]).toEqual([path, 403]);
  });

  test("400 for what is no ref", async () => {
    for (const ref of [
      "latest",
      "%ZZ",
      "sha256:12",
      "nginx:latest",
      "BASE",
      encodeURIComponent("a@b@sha256:x"),
    ]) {
      const { status, body } = await answer(method, `w/images/${ref}${rest}`, tokens[least]);
      expect([ref, status, body["code"]]).toEqual([ref, 400, "invalid_argument"]);
    }
  });

  test("404 for an unknown worker and for an unknown image", async () => {
    for (const path of ["nobody/images/base", `w/images/${other}`, `no%2Fbody/images/base`]) {
      const { status, body } = await answer(method, `${path}${rest}`, tokens[least]);
      expect([path, status, body["code"]]).toEqual([path, 404, "not_found"]);
    }
  });

  test("405 for the other method", async () => {
    const wrong = method === "GET" ? "POST" : "GET";
    const { status, response } = await answer(wrong, `w/images/base${rest}`, tokens.operator);
    expect([status, response.headers.get("allow")]).toEqual([405, method]);
  });

  test("200 or 202 for who may, by id and by name, by digest and by reference", async () => {
    for (const path of [
      "w/images/base",
      `${worker.id}/images/base`,
      `w/images/${base}`,
      `w/images/${pinned}`,
    ])
      expect([path, (await answer(method, `${path}${rest}`, tokens[least])).status]).toEqual([
        path,
        rest === "/pull" ? 202 : 200,
      ]);
  });

  test("404 where no container engine is", async () => {
    await using bare = await world.worker(`bare-${method}-${rest.replaceAll("/", "")}`, {
      engine: undefined,
    });
    expect((await answer(method, `${bare.name}/images/base${rest}`, tokens[least])).status).toBe(404);
  });
});

test("other paths below are nobody's", async () => {
  const response = await world.http("GET", "w/images/base/pull/else");
  expect(response.status).toBe(404);
});

describe("a pull", () => {
  test("is 202, resumed the second time, and 200 when the image is there; sizes are numbers", async () => {
    await using own = await world.worker("pulls");
    const pull = (body?: string) => answer("POST", "pulls/images/base/pull", tokens.operator, body);
    const first = await pull(JSON.stringify({ digest: base }));
    expect([first.status, first.body["resumed"], first.body["digest"], first.body["state"]]).toEqual([
      202,
      false,
      base,
      "queued",
    ]);
    const progress = { unit: "bytes", done: 50_331_648, total: 101_300_000, percent: 49 } as const;
    own.says(base, "downloading", { progress });
    const second = await pull();
    expect([second.status, second.body["resumed"]]).toEqual([202, true]);
    expect(second.body["progress"]).toEqual({ ...progress, bytesPerSecond: null, etaSeconds: null });
    own.says(base, "ready");
    const third = await pull();
    expect([third.status, third.body["resumed"], third.body["state"]]).toEqual([200, false, "ready"]);
    expect(own.told.filter(({ kind }) => kind === "imageOrder")).toHaveLength(3);
  });

  test("409 for a digest that base does not mean, 409 for what is unsupported, 400 for another body", async () => {
    const pull = (body: string, name = "w") =>
      answer("POST", `${name}/images/base/pull`, tokens.operator, body);
    expect([
      (await pull(JSON.stringify({ digest: other }))).status,
      (await pull('{"digest":"x"}')).status,
    ]).toEqual([409, 400]);
    for (const body of ["{", "[]", '{"digest":1}', '{"digst":""}', "x".repeat(10_000)])
      expect((await pull(body)).body["message"]).toContain("body: expected nothing, or JSON");
    expect((await answer("POST", "w/images/base/pull", tokens.viewer, "{")).status).toBe(403);
    await using riscv = await world.worker("riscv", { engine: { arch: "riscv64" } });
    const digest = baseDigest("none");
    riscv.says(digest, "unsupported", { why: "no file for riscv64" });
    riscv.answer = () => ({ resumed: false, status: riscv.says(digest, "unsupported") });
    const { status, body } = await pull("", "riscv");
    expect([status, body["code"]]).toEqual([409, "already_exists"]);
    expect(body["message"]).toContain("no base image for the architecture and engine");
  });

  test("503 with Retry-After where the worker is not connected; what was known is told, and nothing is remembered", async () => {
    const gone = await world.worker("gone");
    gone.says(base, "downloading", { progress: { unit: "bytes", done: 5, total: 10, percent: 50 } });
    await expect
      .poll(async () => (await answer("GET", "gone/images/base")).body["state"])
      .toBe("downloading");
    await gone.hangUp();
    await expect.poll(async () => (await answer("GET", "gone/images/base")).body["lost"]).toBe(true);
    for (const rest of ["/pull", "/pull/cancel"]) {
      const { status, body, response } = await answer("POST", `gone/images/base${rest}`, tokens.operator);
      expect([status, body["code"], response.headers.get("retry-after")]).toEqual([503, "unavailable", "5"]);
    }
    const { status, body } = await answer("GET", "gone/images/base", tokens.viewer);
    expect([status, body["state"], body["lost"]]).toEqual([200, "downloading", true]);
    await gone.dial(world.url);
    expect(gone.told.filter(({ kind }) => kind === "imageOrder")).toEqual([]);
  });

  test("who asked is told to the worker, and stands in the audit log", async () => {
    await using own = await world.worker("audited");
    await answer("POST", "audited/images/base/pull", tokens.operator);
    const cancelled = await answer("POST", "audited/images/base/pull/cancel", tokens.operator);
    expect([cancelled.status, cancelled.body["state"], cancelled.body["cancelledBy"]]).toEqual([
      200,
      "cancelled",
      "operator",
    ]);
    expect((await answer("POST", "audited/images/base/pull/cancel", tokens.operator)).status).toBe(200);
    expect(own.told.find(({ kind }) => kind === "imageOrder")).toMatchObject({
      order: { order: { by: "operator" } },
    });
    const { entries } = await (await world.client()).audit(
      { pageSize: 100, pageToken: "", who: "operator" },
      noSignal,
    );
    const pulls = entries.filter(({ method }) => method.endsWith("ImageService/Pull"));
    expect(pulls.map(({ target, outcome }) => `${target} ${outcome}`)).toContain("audited/base ok");
  });
});

describe("a stream", () => {
  const open = (name: string, last?: string) =>
    fetch(`${world.url}/v1/workers/${name}/images/base/pull/stream`, {
      headers: {
        authorization: `Bearer ${tokens.viewer}`,
        ...(last === undefined ? {} : { "last-event-id": last }),
      },
    });

  test("tells what is, what changes and one end, then 204 to who names it", async () => {
    await using own = await world.worker("streamed");
    own.says(base, "downloading", {
      attempt: 1,
      progress: { unit: "bytes", done: 1, total: 10, percent: 10 },
    });
    await expect
      .poll(async () => (await answer("GET", "streamed/images/base")).body["state"])
      .toBe("downloading");
    const response = await open("streamed");
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const events: string[] = [];
    let end: string | undefined;
    for await (const { id, event, data } of framesOf(response)) {
      events.push(event);
      if (events.length === 1) {
        expect(data).toMatchObject({
          worker: own.id,
          ref: "base",
          digest: base,
          state: "downloading",
          seq: 1,
        });
        own.says(base, "downloading", {
          since: own.table.get(base)?.since ?? 0,
          progress: { unit: "bytes", done: 9, total: 10, percent: 90 },
        });
      } else if (event === "progress") {
        expect(data).toEqual({
          digest: base,
          attempt: 1,
          seq: 2,
          progress: {
            unit: "bytes",
            done: 9,
            total: 10,
            percent: 90,
            bytesPerSecond: null,
            etaSeconds: null,
          },
        });
        own.says(base, "ready");
      } else if (event === "end") {
        end = id;
        expect(data).toEqual({ digest: base, state: "ready", attempt: 1, failure: null, seq: 3 });
      }
      if (event !== "end")
        expect([event, data["state"] === "ready" ? "" : (id ?? "none")]).toEqual([
          event,
          data["state"] === "ready" ? "" : expect.stringMatching(/^[0-9a-f]{8}-\d+$/),
        ]);
    }
    expect(events).toEqual(["snapshot", "progress", "snapshot", "end"]);
    expect((await open("streamed", end)).status).toBe(204);
    // Another flight has begun since: who saw the first one's end is done with it.
    own.says(base, "queued", { attempt: 1 });
    await expect.poll(async () => (await answer("GET", "streamed/images/base")).body["state"]).toBe("queued");
    expect((await open("streamed", end)).status).toBe(204);
    const again = await open("streamed", "12345678-1");
    expect(again.status).toBe(200);
    await again.body?.cancel();
  });

  test("a failure that is tried again is no end; one that is not, is", async () => {
    await using own = await world.worker("failing");
    const failure = { code: "checksum", message: "differs", hint: "a mirror" };
    own.says(base, "failed", { failure: { ...failure, retryAt: Date.now() + 60_000 } });
    await expect.poll(async () => (await answer("GET", "failing/images/base")).body["state"]).toBe("failed");
    const seen: string[] = [];
    for await (const { event, data } of framesOf(await open("failing"))) {
      seen.push(event);
      if (seen.length === 1) own.says(base, "failed", { failure });
      if (event === "end") expect(data["failure"]).toEqual({ ...failure, retryAt: null });
    }
    expect(seen).toEqual(["snapshot", "snapshot", "end"]);
  });

  test("nothing runs: a snapshot and the end", async () => {
    await using idle = await world.worker("idle");
    const events: string[] = [];
    for await (const { event, data } of framesOf(await open(idle.name))) {
      events.push(event);
      expect(data["state"]).toBe("absent");
    }
    expect(events).toEqual(["snapshot", "end"]);
  });

  test("who goes away stops nothing, and nothing of it is left", async () => {
    await using own = await world.worker("left");
    own.says(base, "downloading");
    await expect
      .poll(async () => (await answer("GET", "left/images/base")).body["state"])
      .toBe("downloading");
    const response = await open("left");
    await response.body?.cancel();
    expect((await answer("GET", "left/images/base")).body["state"]).toBe("downloading");
    expect(own.told.filter(({ kind }) => kind === "imageOrder")).toEqual([]);
  });
});
