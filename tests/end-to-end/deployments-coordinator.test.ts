/** Deployments with a real coordinator and the commands of a user; containers are rows of a list in a made-up worker. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type DeploymentInfo, type DeployWork, type Task } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DeployWorker } from "../support/deploy-worker.ts";
import { Fleet, haversack, noSignal } from "../support/fleet.ts";

let fleet: Fleet;
let worker: DeployWorker;
beforeAll(async () => {
  fleet = await Fleet.start({ leaseTtl: "2s" });
  worker = await DeployWorker.join(fleet.url, await fleet.token("worker"), "box");
});
afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
});

/** Behind `--` stand words of the container. */
function cli(...args: string[]) {
  const at = args.indexOf("--");
  const own = at < 0 ? args : args.slice(0, at);
  return haversack([...own, "--data", fleet.data, ...args.slice(own.length)]);
}
const deployment = async (name: string): Promise<DeploymentInfo> =>
  await (await fleet.client()).deployment(name, noSignal);
/** Until it is so: what a worker tells is written down a moment later. */
async function shows(name: string, is: Partial<DeploymentInfo>): Promise<DeploymentInfo> {
  for (let look = 0; ; look++) {
    const info = await deployment(name);
    const isSo = Object.entries(is).every(([key, value]) => info[key as keyof DeploymentInfo] === value);
    if (isSo) return info;
    if (look > 200) expect(info).toMatchObject(is);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const finished = async (runId: string) => (await fleet.finished(runId as never)).run;
const last = (): DeployWork => worker.works.at(-1) as DeployWork;

describe("haversack deploy", () => {
  test("leaves a container running, told with its address, path, reason and phases; the same again touches nothing", async () => {
    const asked = ["deploy", "web", "--port", "8080", "--env", "A=1", "--memory", "512Mi", "--cpu", "0.5"];
    const more = [
      "--health-http",
      "/healthz:8080",
      "--volume",
      "data:/data:ro",
      "--worker-label",
      "zone=box",
    ];
    const first = await cli(...asked, ...more, "--", "node", "server.js", "--x");
    expect([first.stderr, first.code]).toEqual([expect.any(String), 0]);
    expect(first.stdout).toContain("web is running on box");
    expect(first.stdout).toContain("http://127.0.0.1:8080 → 8080");
    expect(first.stdout).toContain("this deploy builds: the base image is absent");
    expect(first.stdout).toContain("create 120ms · build 2.5s");
    expect(last()).toMatchObject({
      name: "web",
      revision: 1,
      command: ["node", "server.js", "--x"],
      env: new Map([["A", "1"]]),
      ports: [8080],
      resources: { cpuMillis: 500, memoryBytes: 512 * 1024 * 1024 },
      health: { probe: { kind: "http", path: "/healthz" }, port: 8080, withinMs: 90_000 },
      volumes: [{ name: "data", path: "/data", readOnly: true }],
      rollback: true,
      restore: false,
    });
    expect(last().cluster).not.toBe("");
    const again = await cli(...asked, ...more, "--", "node", "server.js", "--x");
    expect([again.code, last().revision, last().replaces]).toEqual([0, 1, undefined]);
    const other = await cli(...asked, ...more, "--", "node", "other.js");
    expect([other.code, last().revision, last().replaces]).toEqual([0, 2, 1]);
    expect([...worker.containers.keys()]).toEqual(["hv-web-2"]);
  });

  test("--again deploys what was deployed last, word for word", async () => {
    const text = "$" + "{{ params.x }} 'quoted'";
    const client = await fleet.client();
    const dag = JSON.stringify({
      name: "d",
      params: { x: { type: "string", default: "a" } },
      steps: [
        { id: "d", deploy: { name: "again", env: { A: text, B: "{{" }, command: ["echo", text], ttl: "1h" } },
      ],
    });
    const { run } = await client.submit(
      { dag, fileName: "d.yaml", params: { x: "$" + "{{ params.y }}" }, idempotencyKey: "again" },
      noSignal,
    );
    expect((await finished(run.id)).status).toBe("succeeded");
    const before = last();
    expect(before.env.get("A")).toBe("$" + "{{ params.y }} 'quoted'");
    const again = await cli("deploy", "--again", "again");
    expect([again.stderr, again.code]).toEqual([expect.any(String), 0]);
    expect(last()).toEqual(before);
    const refused = await cli("deploy", "--again", "again", "--port", "80");
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("--again deploys exactly")]);
    expect((await cli("deploy", "--again", "nobody")).code).toBe(4);
  });

  test.each([
    [["deploy", "Web"], 2, "lower-case letters"],
    [["deploy", "web", "--port", "http"], 2, "--port: expected a port from 1 to 65535"],
    [["deploy", "web", "--health-http", "healthz"], 2, "--health-http: expected a path and a port"],
    [["deploy", "web", "--volume", "data"], 2, "--volume: expected NAME:PATH"],
    [["deploy", "web", "--image", "nginx:latest"], 2, "an image by digest"],
    [["deploy", "web", "--agent", "nobody-there"], 2, "nobody-there"],
    [["deploy", "web", "--secret", "T=unknown-secret"], 2, "unknown-secret"],
    [["deployments", "show", "nobody"], 4, "nothing is deployed as"],
    [["undeploy", "nobody"], 4, "nothing is deployed as"],
    [["undeploy", "web", "--abandon", "--volumes"], 2, "cannot be used with"],
  ] as const)("%s is refused with a reason", async (args, code, message) => {
    const end = await cli(...args);
    expect([end.code, end.stderr]).toEqual([code, expect.stringContaining(message)]);
  });

  test("a deploy that fails says so with what still stands", async () => {
    worker.deploying = (work) => ({
      outcome: "failed",
      failure: { code: "unhealthy", message: "GET /healthz: 500" },
      deployment: worker.report(work, "rolled-back", {
        container: "hv-web-2",
        failures: ["GET /healthz: 500"],
      }),
    });
    const end = await cli("deploy", "web", "--port", "9090");
    worker.deploying = (work) => worker.usual(work);
    expect([end.code, end.stdout]).toEqual([1, expect.stringContaining("web is running on box")]);
    expect(await deployment("web")).toMatchObject({
      revision: 2,
      note: "the last deploy failed: GET /healthz: 500",
    });
  });
});

describe("haversack deployments", () => {
  test("shows them as a table, one by one and as JSON", async () => {
    const list = await cli("deployments");
    expect(list.stdout).toMatch(/^NAME +STATE +REVISION +WORKER +URL +FROM +DEPLOYED +NOTE\n/);
    expect(list.stdout).toMatch(/web +running +2 +box +http:\/\/127\.0\.0\.1:8080 +built/);
    const { deployments } = JSON.parse((await cli("deployments", "--worker", "box", "--json")).stdout) as {
      deployments: DeploymentInfo[];
    };
    expect(deployments.map(({ name }) => name)).toEqual(["again", "web"]);
    expect(JSON.parse((await cli("deployments", "--worker", "other", "--json")).stdout)).toEqual({
      deployments: [],
    });
    expect((await cli("deployments", "show", "web")).stdout).toMatch(/ {2}container +hv-web-2\n/);
  });

  test("logs come from the worker, and nobody else may send them", async () => {
    worker.log = ({ tail }) => (tail === 1 ? ["two\n"] : ["one\n", "t", "wo\u001b[2J\n"]);
    expect((await cli("deployments", "logs", "web")).stdout).toBe("one\ntwo\\x1b[2J\n");
    expect((await cli("deployments", "logs", "web", "--tail", "1")).stdout).toBe("two\n");
    const follow = new AbortController();
    const client = await fleet.client();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const data of client.deploymentLog("web", { tail: 0, follow: true }, follow.signal)) {
        seen.push(Buffer.from(data).toString());
        if (seen.length === 3) follow.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ fault: "cancelled" });
    await worker.until((told) => told.kind === "deploymentLog" && told.order.follow && told.order.end);
    expect(await worker.sendLog(4711, ["x"], true)).toBe("PERMISSION_DENIED");
    const away = await cli("deployments", "logs", "nobody");
    expect(away.code).toBe(4);
  });

  test("a second deploy of a name waits for the first, and says so", async () => {
    const held: Task[] = [];
    worker.deploying = (_, task) => void held.push(task);
    const start = async () => (await cli("deploy", "slow", "--no-wait")).stdout.trim();
    const [first, second] = [await start(), await start()];
    await worker.deploys(worker.works.length);
    while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const client = await fleet.client();
    const { reasons } = await client.explain(second, "deploy", noSignal);
    expect(reasons).toMatchObject([{ code: "deployment_busy", message: expect.stringContaining(first) }]);
    expect(await deployment("slow")).toMatchObject({ state: "deploying", runId: first });
    worker.deploying = (work) => worker.usual(work);
    const [task] = held as [Task];
    worker.finish(task, worker.usual(task.work as DeployWork));
    expect((await finished(second)).status).toBe("succeeded");
  });
});

describe("what a worker sees", () => {
  test("ended, gone, not wanted, and of nobody: shown, removed, kept", async () => {
    const web = worker.containers.get("hv-web-2");
    expect(web).toBeDefined();
    worker.containers.set("hv-web-2", { ...web, state: "exited", exitCode: 3, lastLines: "oops" } as never);
    worker.containers.set("hv-web-1", { ...web, revision: 1, container: "hv-web-1" } as never);
    worker.containers.set("hv-lost-7", {
      ...web,
      name: "lost",
      revision: 7,
      container: "hv-lost-7",
    } as never);
    worker.observe();
    expect(await shows("web", { state: "stopped" })).toMatchObject({ exitCode: 3, lastLines: "oops" });
    await worker.until(({ kind }) => kind === "removeContainers");
    expect([...worker.containers.keys()].toSorted()).toEqual([
      "hv-again-1",
      "hv-lost-7",
      "hv-slow-1",
      "hv-web-2",
    ]);
    await shows("lost", { state: "orphan", revision: 7 });
    worker.containers.delete("hv-again-1");
    worker.observe();
    expect(await shows("again", { state: "missing" })).toMatchObject({
      note: expect.stringContaining("--again again"),
    });
    worker.observe("no socket");
    await shows("web", { state: "unknown" });
    worker.observe();
    await shows("web", { state: "stopped" });
    expect((await cli("undeploy", "lost")).stdout).toContain("nothing stands as lost any more");
    expect(worker.containers.has("hv-lost-7")).toBe(false);
  });

  test("lacks its secrets: they are filled in again by a run of the coordinator's own", async () => {
    const web = worker.containers.get("hv-web-2");
    worker.containers.set("hv-web-2", { ...web, state: "needs-secrets" } as never);
    const before = worker.works.length;
    worker.observe();
    const works = await worker.deploys(before + 1);
    expect(works.at(-1)).toMatchObject({ name: "web", revision: 2, restore: true });
    await shows("web", { state: "running" });
  });

  test("its time is over: it is removed", async () => {
    expect((await cli("deploy", "brief", "--ttl", "300ms")).code).toBe(0);
    const before = worker.works.length;
    const works = await worker.deploys(before + (worker.works.at(-1)?.absent === true ? 0 : 1));
    expect(works.at(-1)).toMatchObject({ name: "brief", absent: true, removeVolumes: false });
    for (;;) {
      const end = await deployment("brief").catch((error: { code: string }) => error.code);
      if (end === "unknown_deployment") break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
});

describe("a worker that is lost", () => {
  test("fails the step; the name waits for it, and what it has is reconciled when it returns", async () => {
    worker.deploying = () => undefined;
    const run = (await cli("deploy", "web", "--port", "1", "--no-wait")).stdout.trim();
    await fleet.step(run as never, "deploy", "running");
    await worker.hangUp();
    const ended = await finished(run);
    expect([ended.status, ended.steps[0]?.failure?.code]).toEqual(["failed", "worker_lost"]);
    expect(await deployment("web")).toMatchObject({
      state: "unknown",
      note: expect.stringContaining("undeploy web --abandon"),
    });
    const waits = (await cli("deploy", "web", "--port", "1", "--no-wait")).stdout.trim();
    const client = await fleet.client();
    const { reasons } = await client.explain(waits, "deploy", noSignal);
    expect(reasons).toMatchObject([{ code: "deployment_on_lost_worker" }]);
    worker.deploying = (work) => worker.usual(work);
    await worker.dial();
    worker.observe();
    expect((await finished(waits)).status).toBe("succeeded");
    // Revision 3 was rolled back. This is the lost attempt's revision: had it made a container, this would have adopted it.
    expect(await shows("web", { state: "running" })).toMatchObject({ revision: 4 });
  });

  test("is given up: the name goes elsewhere at once, and its container when it returns", async () => {
    const early = await cli("undeploy", "web", "--abandon");
    expect([early.code, early.stderr]).toEqual([
      2,
      expect.stringContaining("which is connected: haversack undeploy web"),
    ]);
    await worker.hangUp();
    await shows("web", { state: "unknown" });
    const end = await cli("undeploy", "web", "--abandon");
    expect([end.code, end.stdout]).toEqual([0, expect.stringContaining("web was given up")]);
    await using other = await DeployWorker.join(fleet.url, await fleet.token("worker"), "other");
    expect((await cli("deploy", "web", "--port", "1")).stdout).toContain("web is running on other");
    expect(other.works.at(-1)).toMatchObject({ revision: 5 });
    await worker.dial();
    worker.observe();
    await worker.until(({ kind }) => kind === "removeContainers");
    expect(worker.containers.has("hv-web-4")).toBe(false);
    expect(await deployment("web")).toMatchObject({ state: "running", workerName: "other", revision: 5 });
    expect((await cli("undeploy", "web", "--volumes")).code).toBe(0);
    expect(other.works.at(-1)).toMatchObject({ absent: true, removeVolumes: true });
  });
});

test("what deploys take is counted", async () => {
  const token = await readFile(join(fleet.data, "admin.token"), "utf8");
  const response = await fetch(`${fleet.url}/metrics`, {
    headers: { authorization: `Bearer ${token.trim()}` },
  });
  expect(await response.text()).toMatch(/haversack_deploy_seconds_count\{path="build"\} [1-9]/);
});
