/** Two coordinators on one PostgreSQL: whichever is asked about a worker answers as the one that it is connected to. */

import { Code, ConnectError, createClient as createConnectClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { createClient, type HaversackClient, ImageService, type TokenRole } from "@haversack/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noSignal } from "../support/access.ts";
import { DeployWorker } from "../support/deploy-worker.ts";
import { expectWhole, figures, readImage } from "../support/image-reader.ts";
import type { ImageWorker } from "../support/image-worker.ts";
import { baseDigest, ImageWorld } from "../support/image-world.ts";
import { type TempSchema, tempSchema, withPostgres } from "../support/postgres.ts";
import { tcpProxy } from "../support/tcp-proxy.ts";
import { tempFolder } from "../support/temp-folder.ts";

const base = baseDigest("1");
const nowhere = "http://127.0.0.1:1";

withPostgres("several coordinators", () => {
  const stack = new AsyncDisposableStack();
  let schema: TempSchema;
  /** Workers are connected to the first one, unless they dial the second. */
  let first: ImageWorld;
  let second: ImageWorld;
  let worker: ImageWorker;
  beforeAll(async () => {
    schema = stack.use(await tempSchema());
    const blobs = stack.use(await tempFolder());
    first = stack.use(await ImageWorld.start({ store: schema.url }, blobs.path));
    second = stack.use(await ImageWorld.start({ store: schema.url }, blobs.path));
    worker = await first.worker("w");
  });
  afterAll(() => stack.disposeAsync());

  /** A token that counts with both. */
  async function token(role: TokenRole): Promise<string> {
    const admin = await first.client();
    return (await admin.createToken({ name: role, role, lifetimeSeconds: 0 }, noSignal)).secret;
  }
  const at = async ({ url }: ImageWorld, role: TokenRole): Promise<HaversackClient> =>
    createClient({ url, token: await token(role) });
  const moveRow = async (url: string): Promise<void> =>
    void (await schema.query("update worker set coordinator_url = $1 where name = 'w'", [url]));
  const url = async (): Promise<unknown> =>
    (await schema.query("select coordinator_url from worker where name = 'w'"))[0]?.["coordinator_url"];

  test("an image is looked at, pulled and cancelled through the other one, and written down once", async () => {
    const operator = await at(second, "operator");
    worker.says(base, "downloading", { progress: figures(30) });
    const look = () => operator.imageStatus("w", "base", noSignal);
    await expect.poll(async () => (await look().catch(() => undefined))?.status.progress?.percent).toBe(30);
    expect(await look()).toMatchObject({ lost: false, status: { state: "downloading" } });
    expect(await operator.cancelImage("w", "base", noSignal)).toMatchObject({
      status: { cancelledBy: "operator" },
    });
    const pulled = await operator.pullImage(worker.id, "base", noSignal);
    expect(pulled).toMatchObject({ resumed: false, image: { status: { state: "queued" } } });
    const orders = worker.told.flatMap((told) => (told.kind === "imageOrder" ? [told.order.order] : []));
    expect(orders.map(({ kind }) => kind)).toEqual(["cancel", "pull"]);
    await expect(operator.pullImage("w", "sha256:none", noSignal)).rejects.toMatchObject({
      fault: "invalid",
    });
    const sql = "select target, method, outcome from audit where method like '%ImageService/%' order by no";
    await expect
      .poll(async () => await schema.query(sql))
      .toEqual([
        { target: "w/base", method: "haversack.v1.ImageService/Cancel", outcome: "ok" },
        { target: `${worker.id}/base`, method: "haversack.v1.ImageService/Pull", outcome: "ok" },
        { target: "w/sha256:none", method: "haversack.v1.ImageService/Pull", outcome: "invalid_argument" },
      ]);
  });

  test("who may not is refused by either, and nothing is passed on twice", async () => {
    const viewer = await at(second, "viewer");
    await expect(viewer.pullImage("w", "base", noSignal)).rejects.toMatchObject({ fault: "denied" });
    const passed = async (world: ImageWorld, role: TokenRole): Promise<ConnectError> => {
      const client = createConnectClient(ImageService, createGrpcTransport({ baseUrl: world.url }));
      const headers = { authorization: `Bearer ${await token(role)}`, "haversack-passed-on": "1" };
      const answer = client.pull({ worker: "w", ref: "base" }, { headers });
      return ConnectError.from(
        await answer.then(
          () => undefined,
          (error: unknown) => error,
        ),
      );
    };
    expect((await passed(first, "viewer")).code).toBe(Code.PermissionDenied);
    const orders = worker.told.length;
    expect(await passed(second, "operator")).toMatchObject({ code: Code.Unavailable });
    expect(worker.told.length).toBe(orders);
    // A token of the second one's data folder counts nowhere else.
    const own = await second.client();
    await expect(own.pullImage("w", "base", noSignal)).rejects.toMatchObject({
      code: "unknown_there",
      message: expect.stringContaining(first.url) as string,
    });
    expect(await own.imageStatus("w", "base", noSignal)).toMatchObject({ lost: false });
  });

  test("an address that nobody answers at: told with its name, and nothing is remembered", async () => {
    const operator = await at(second, "operator");
    await moveRow(nowhere);
    const refused = await operator.pullImage("w", "base", noSignal).catch((error: unknown) => error);
    expect(refused).toMatchObject({ fault: "unavailable", code: "worker_away" });
    expect(String(refused)).toMatch(/worker w .*127\.0\.0\.1:1.*--advertise/);
    // What the store knows is told, and who has the worker's session still gives orders.
    expect(await operator.imageStatus("w", "base", noSignal)).toMatchObject({ lost: false });
    const straight = await at(first, "operator");
    expect(await straight.pullImage("w", "base", noSignal)).toMatchObject({ resumed: true });
    await moveRow("http://192.0.2.1:7420");
    await expect(operator.pullImage("w", "base", noSignal)).rejects.toThrow("no https");
    await moveRow(first.url);
  });

  test("a stream shows figures as they come, and goes on when the other one is gone and the worker dials this one", async () => {
    const secret = await token("viewer");
    await using way = await tcpProxy(first.url, []);
    await moveRow(way.url);
    worker.says(base, "downloading", { progress: figures(40) });
    const seen: (number | undefined)[] = [];
    let gone: Promise<void> | undefined;
    const leave = async (): Promise<void> => {
      await way[Symbol.asyncDispose]();
      await worker.dial(second.url);
      worker.says(base, "downloading", { progress: figures(70) });
      worker.says(base, "ready");
    };
    const read = await readImage(
      () => second.url,
      secret,
      ({ data }) => {
        const percent = (data["progress"] as { percent?: number } | undefined)?.percent;
        seen.push(percent);
        if (percent === 40) worker.says(base, "downloading", { progress: figures(55) });
        if (percent === 55) gone ??= leave();
      },
    );
    expect(gone).toBeDefined();
    await gone;
    expect(seen).toEqual(expect.arrayContaining([40, 55]));
    expectWhole(read, "ready");
    expect(read.frames.some(({ data }) => data["lost"] === true)).toBe(false);
    // Now the first one asks the second.
    expect(await url()).toBe(second.url);
    const status = await (await at(first, "viewer")).imageStatus("w", "base", noSignal);
    expect(status).toMatchObject({ lost: false, status: { state: "ready" } });
  });

  test("a stream goes on when the worker leaves the other one for this one, without a new call", async () => {
    const secret = await token("viewer");
    worker.says(base, "downloading", { progress: figures(20) });
    let moved: Promise<void> | undefined;
    const read = await readImage(
      () => first.url,
      secret,
      ({ data }) => {
        const percent = (data["progress"] as { percent?: number } | undefined)?.percent;
        if (percent === 20)
          moved ??= worker
            .dial(first.url)
            .then(() => void worker.says(base, "downloading", { progress: figures(80) }));
        // Which only a live stream tells.
        if (percent === 80) worker.says(base, "ready");
      },
    );
    await moved;
    expectWhole(read, "ready");
    // The second is to come back with the id of the end.
    expect(read.returns).toBe(1);
    expect(await url()).toBe(first.url);
  });

  test("a log is followed through the other one, to its end or the reader's", async () => {
    await using box = await DeployWorker.join(first.url, await first.token("worker"), "box");
    const editor = await at(second, "editor");
    const dag = "name: put\nsteps: [{ id: web, deploy: { name: web, command: [serve] } }]\n";
    await editor.submit({ dag, fileName: "put.yaml", params: {}, idempotencyKey: "" }, noSignal);
    const state = async () => (await editor.deployment("web", noSignal).catch(() => undefined))?.state;
    await expect.poll(state, { timeout: 20_000 }).toBe("running");
    box.log = () => ["one\n", "two\n"];
    const lines: string[] = [];
    const ending = new AbortController();
    const read = async (follow: boolean, signal: AbortSignal): Promise<void> => {
      for await (const data of editor.deploymentLog("web", { tail: 0, follow }, signal)) {
        lines.push(Buffer.from(data).toString("utf8"));
        if (follow && lines.join("").endsWith("two\n")) ending.abort();
      }
    };
    await read(false, noSignal);
    expect(lines.splice(0).join("")).toBe("one\ntwo\n");
    await expect(read(true, ending.signal)).rejects.toMatchObject({ fault: "cancelled" });
    // The worker is told that nobody reads any more.
    await box.until((told) => told.kind === "deploymentLog" && told.order.follow && told.order.end);
    await box.hangUp();
    await expect
      .poll(
        async () =>
          (await schema.query("select 1 from worker where name = 'box' and coordinator_url is not null"))
            .length,
      )
      .toBe(0);
    await expect(read(false, noSignal)).rejects.toMatchObject({ fault: "unavailable" });
  });
});
