import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { silentLog, systemClock, systemRandom } from "@haversack/base";
import { afterEach, describe, expect, test } from "vitest";
import { type EndingKind, endingKinds } from "../config/ending.ts";
import { commandOf, firstLine, until } from "../testing/process-watch.ts";
import { hasProcessTable, listProcesses } from "./process-table.ts";
import { openStepHost, type StepHost, type StepTree } from "./step-host.ts";

const path = process.env["PATH"] ?? "";
const ports = { clock: systemClock, random: systemRandom, log: silentLog };
const open = (ending: EndingKind): Promise<StepHost> =>
  openStepHost({ ending, workerId: randomUUID(), path }, ports);
const hosts = new Map<EndingKind, StepHost>();
for (const kind of endingKinds) {
  const host = await open(kind).catch(() => undefined);
  if (host !== undefined) hosts.set(kind, host);
}

/** Every sleep of a test lasts an hour and a part of a second that no other has: so it is known without its environment. */
let nap = "";
const sleepers = (): number[] =>
  listProcesses()
    .filter(({ pid }) => commandOf(pid).includes(`sleep\0${nap}`))
    .map(({ pid }) => pid);
afterEach(() => {
  for (const pid of nap === "" ? [] : sleepers()) process.kill(pid, "SIGKILL");
});

function freshNap(): string {
  nap = `3600.${Math.floor(Math.random() * 1e12)}`;
  return nap;
}

function start(host: StepHost, script: string, channel: "none" | "duplex" = "none"): StepTree {
  const env = new Map([
    ["PATH", path],
    ["HAVERSACK_FENCE", randomUUID()],
  ]);
  const argv = ["bash", "-c", script];
  const tree = host.start({ argv, cwd: tmpdir(), env, markedBy: "HAVERSACK_FENCE", channel });
  tree.stderr.resume();
  return tree;
}

/** Ways out of a process tree; each says a word once it is out. */
const escapes = {
  "in the group": (sleep: string) => `${sleep} & echo out; wait`,
  "in a session of its own": (sleep: string) => `setsid ${sleep} & echo out; wait`,
  "forked twice": (sleep: string) => `( (setsid ${sleep} & ) & ); echo out; ${sleep}`,
  "without environment": (sleep: string) => `env -i setsid ${sleep} & echo out; wait`,
  "without environment and parents": (sleep: string) =>
    `( (env -i setsid ${sleep} & ) & ); echo out; ${sleep}`,
  "deaf to SIGTERM": (sleep: string) =>
    `trap '' TERM; setsid ${sleep} & echo out; while :; do ${sleep}; done`,
} as const;
const countOf = (escape: (sleep: string) => string): number => escape("sleep").split("sleep").length - 1;

for (const kind of endingKinds) {
  const host = hosts.get(kind);
  describe.skipIf(host === undefined)(`ending by ${kind}`, () => {
    const known = Object.entries(escapes).filter(
      ([name]) => kind !== "sweep" || name !== "without environment and parents",
    );
    test.each(known)("leaves nothing of a tree that is %s", async (_, escape) => {
      const tree = start(host as StepHost, escape(`sleep ${freshNap()}`));
      await firstLine(tree);
      expect(await until(() => sleepers().length === countOf(escape))).toBe(true);
      expect(await tree.end(100)).toEqual([]);
      expect(sleepers()).toEqual([]);
    });

    test.each([
      ["exit 7", { kind: "exited", code: 7 }],
      ["exit 143", { kind: "exited", code: 143 }],
      ["kill -TERM $$", { kind: "killed", signal: "SIGTERM" }],
      ["kill -SEGV $$", { kind: "killed", signal: "SIGSEGV" }],
      ["kill -KILL $$", { kind: "killed", signal: "SIGKILL" }],
      ["trap 'exit 3' TERM; kill $$", { kind: "exited", code: 3 }],
    ])("`%s` is told as it was", async (script, exit) => {
      const tree = start(host as StepHost, script);
      tree.stdout.resume();
      expect(await tree.exit).toEqual(exit);
      expect(await tree.end(0)).toEqual([]);
    });

    test("one that heeds SIGTERM ends by itself", async () => {
      const tree = start(host as StepHost, "trap 'exit 9' TERM; echo out; while :; do sleep 0.02; done");
      await firstLine(tree);
      expect(await tree.end(10_000)).toEqual([]);
      expect(await tree.exit).toEqual({ kind: "exited", code: 9 });
    });

    test("the step has its own variables and descriptors only", async () => {
      const show =
        'console.log(Object.keys(process.env).sort().join(), require("fs").readdirSync("/proc/self/fd").slice(0, 4).join())';
      const script = `exec ${process.execPath} -e '${show}'`;
      const argv = ["/bin/sh", "-c", script];
      const env = new Map([
        ["FIRST", "1"],
        ["HAVERSACK_FENCE", randomUUID()],
      ]);
      const spec = { argv, cwd: tmpdir(), env, markedBy: "HAVERSACK_FENCE", channel: "none" } as const;
      const tree = (host as StepHost).start(spec);
      const [said] = await Promise.all([text(tree.stdout), text(tree.stderr)]);
      const plain = hosts.get("sweep")?.start(spec);
      expect(said).toBe(plain === undefined ? "" : await text(plain.stdout));
      expect(said).toContain("FIRST,HAVERSACK_FENCE");
      for (const each of [tree, plain]) await each?.end(0);
    });

    test("what it says and what it is told go through", async () => {
      const tree = start(
        host as StepHost,
        "read -r line; echo up-$line >&3; echo out; echo err >&2",
        "duplex",
      );
      tree.channel?.input.end("word\n");
      const all = await Promise.all([text(tree.channel?.output ?? tree.stdout), text(tree.stdout)]);
      expect(all).toEqual(["up-word\n", "out\n"]);
      await tree.end(0);
    });

    test("what cannot be started says so", async () => {
      const argv = ["no-such-program"];
      const env = new Map([["HAVERSACK_FENCE", "x"]]);
      const tree = (host as StepHost).start({
        argv,
        cwd: tmpdir(),
        env,
        markedBy: "HAVERSACK_FENCE",
        channel: "none",
      });
      expect(await tree.exit).toEqual({ kind: "not-started", code: "ENOENT" });
      expect(await tree.end(0)).toEqual([]);
    });
  });
}

/** A part of a worker, as a process that can be killed. */
async function held(
  ending: EndingKind,
  workerId: string,
  script: string,
): Promise<{ kill(): Promise<void> }> {
  const program = fileURLToPath(new URL("../testing/hold-step.ts", import.meta.url));
  const child = spawn(process.execPath, [program, ending, workerId, script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    async kill() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

const strongest = hosts.has("pid-namespace");
test.skipIf(!strongest).each(Object.entries(escapes))(
  "nothing of a tree that is %s outlives `kill -9` of its worker by 2 s (L6)",
  async (_, escape) => {
    const worker = await held("pid-namespace", randomUUID(), escape(`sleep ${freshNap()}`));
    expect(await until(() => sleepers().length === countOf(escape))).toBe(true);
    await worker.kill();
    expect(await until(() => sleepers().length === 0)).toBe(true);
  },
);

test.skipIf(!hosts.has("cgroup"))(
  "a starting worker ends the control groups of its earlier start, and no other's",
  async () => {
    const [mine, other] = [randomUUID(), randomUUID()];
    const script = escapes["without environment and parents"](`sleep ${freshNap()}`);
    for (const id of [mine, other]) await (await held("cgroup", id, script)).kill();
    expect(await until(() => sleepers().length === 4)).toBe(true);
    await openStepHost({ ending: "cgroup", workerId: mine, path }, ports);
    expect(sleepers().length).toBe(2);
    await openStepHost({ ending: "cgroup", workerId: other, path }, ports);
    expect(sleepers()).toEqual([]);
  },
);

test("an ending that is impossible is refused by name", async () => {
  const wish = { ending: "cgroup", workerId: randomUUID(), path, places: [] } as const;
  await expect(openStepHost(wish, ports)).rejects.toThrow(
    /HAVERSACK_ENDING=cgroup is impossible here: cgroup: no control group/,
  );
  const bare = { ending: "pid-namespace", workerId: randomUUID(), path: "/nowhere" } as const;
  await expect(openStepHost(bare, ports)).rejects.toThrow(/not installed: setpriv, unshare/);
});

test.runIf(hasProcessTable)("auto takes the best that works", async () => {
  const host = await openStepHost({ ending: "auto", workerId: randomUUID(), path }, ports);
  expect(host.ending).toBe(endingKinds.find((kind) => hosts.has(kind)));
  expect(host.labels).toEqual({ ending: host.ending, limits: host.limits });
});
