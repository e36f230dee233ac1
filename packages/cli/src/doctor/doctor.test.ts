import { describe, expect, test } from "vitest";
import { fakeOutside } from "../testing/fake-outside.ts";
import { type Check, examine, ok, type Report } from "./check.ts";
import { coordinatorChecks, skew } from "./coordinator-checks.ts";
import { files, hostChecks, node } from "./host-checks.ts";
import { ending, limits, runtimeSockets } from "./step-checks.ts";

async function reports(checks: readonly Check[], outside = fakeOutside()): Promise<Report[]> {
  const all: Report[] = [];
  const over = new AbortController();
  const looking = (async () => {
    for await (const report of examine(checks, outside.clock, outside.stopping)) all.push(report);
  })().finally(() => over.abort());
  looking.catch(() => {});
  while (!over.signal.aborted) await outside.clock.pass(1000);
  await looking;
  return all;
}

describe("the checks", () => {
  test("none hangs, whatever it waits for, and none keeps the others from being made", async () => {
    const never = new Promise<never>(() => {});
    const all = await reports([
      { name: "hangs", look: () => never },
      {
        name: "throws",
        look: () => Promise.reject(new Error("fetch failed", { cause: new Error("refused") })),
      },
      { name: "well", look: async () => ok("fine") },
    ]);
    expect(all.map(({ name, verdict, found }) => `${name} ${verdict}: ${found}`)).toEqual([
      "hangs problem: no answer within 8.0s",
      "throws problem: could not be looked at: refused",
      "well ok: fine",
    ]);
    expect(all[0]?.advice).toContain("look at its disk or network");
  });

  test("an interrupt ends them", async () => {
    const outside = fakeOutside();
    outside.interrupt();
    await expect(reports([{ name: "well", look: async () => ok("fine") }], outside)).rejects.toThrow(
      "aborted",
    );
  });
});

describe("what is found", () => {
  test("of the host", async () => {
    expect([node("v26.1.0").verdict, node("v20.19.0").verdict]).toEqual(["ok", "problem"]);
    const line = (soft: string) =>
      `Limit  Soft Limit Hard Limit Units\nMax open files   ${soft}   524288   files\n`;
    expect([files(line("1024")).verdict, files(line("unlimited")).verdict]).toEqual(["warning", "ok"]);
    expect(files(line("1024")).advice).toContain("LimitNOFILE=");
    const outside = fakeOutside();
    const all = await reports(
      hostChecks({ outside, dataDir: "/proc/nowhere/data", nodeVersion: "v26.0.0" }),
      outside,
    );
    expect(all.find(({ name }) => name === "disk flush")).toMatchObject({
      verdict: "problem",
      found: expect.stringContaining("cannot write in /proc") as string,
    });
  });

  test("of what steps can be promised", () => {
    const verdictOf = (how: string) => [ending({ ending: how }).verdict, limits({ limits: how }).verdict];
    expect([verdictOf("pid-namespace")[0], verdictOf("cgroup")[0], verdictOf("sweep")[0]]).toEqual([
      "ok",
      "warning",
      "warning",
    ]);
    expect([verdictOf("hard")[1], verdictOf("soft")[1], verdictOf("none")[1]]).toEqual([
      "ok",
      "warning",
      "warning",
    ]);
    const env = { DOCKER_HOST: "unix:///tmp/d.sock", XDG_RUNTIME_DIR: "/run/user/7" };
    expect(runtimeSockets(env).map(({ socket }) => socket)).toEqual([
      "/tmp/d.sock",
      "/run/podman/podman.sock",
      "/run/user/7/podman/podman.sock",
      "/var/lib/incus/unix.socket",
      "/var/snap/lxd/common/lxd/unix.socket",
    ]);
  });

  test("of clocks: whole seconds are not told apart, minutes are", () => {
    expect([skew(700), skew(-3000)].map(({ verdict }) => verdict)).toEqual(["ok", "ok"]);
    expect(skew(-300_000)).toMatchObject({
      verdict: "warning",
      found: expect.stringContaining("behind") as string,
    });
    expect(skew(300_000).found).toContain("ahead of");
  });

  test("of a coordinator that is not there", async () => {
    const outside = fakeOutside();
    const client = () => Promise.reject(new Error("no token"));
    const all = await reports(
      coordinatorChecks({ url: new URL("http://127.0.0.1:1"), outside, client }).slice(0, 2),
      outside,
    );
    expect(all.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(["name ok", "connection problem"]);
  });
});
