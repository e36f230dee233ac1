import { FaultError } from "@haversack/base";
import type { HaversackClient, PoolInfo, StepExplanation } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "../program.ts";
import { fakeClient, fakeRun, fakeStep } from "../testing/fake-client.ts";
import { fakeOutside } from "../testing/fake-outside.ts";

async function haversack(line: string, client: Partial<HaversackClient> = {}) {
  const env = { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t" };
  const outside = fakeOutside({ env });
  const code = await runProgram(line.split(" "), outside, () => fakeClient(client));
  return { code, ...outside.written };
}

describe("haversack pool", () => {
  const licences: PoolInfo = { name: "licences", limit: 5, inUse: 2 };

  test("set says what there is, list shows all, delete removes one", async () => {
    const setPool: HaversackClient["setPool"] = async (name, limit) => ({
      pool: { name, limit, inUse: 2 },
      created: true,
    });
    const set = await haversack("pool set licences --limit 5", { setPool });
    expect([set.code, set.out]).toEqual([exitCodes.ok, "pool licences has 5 units, 2 in use\n"]);
    const list = await haversack("pool list", { pools: async () => [licences] });
    expect(list.out).toBe("NAME      LIMIT  IN USE\nlicences  5      2\n");
    const json = await haversack("pool list --json", { pools: async () => [licences] });
    expect(JSON.parse(json.out)).toEqual({ pools: [licences] });
    const deleted: string[] = [];
    const deletePool = async (name: string) => void deleted.push(name);
    expect((await haversack("pool delete licences", { deletePool })).out).toBe("pool licences is deleted\n");
    expect(deleted).toEqual(["licences"]);
  });

  test("a limit is asked for, and is a number", async () => {
    expect((await haversack("pool set licences")).code).toBe(exitCodes.invalid);
    expect((await haversack("pool set licences --limit -1")).code).toBe(exitCodes.invalid);
  });

  test("what the coordinator refuses is told", async () => {
    const deletePool = () =>
      Promise.reject(new FaultError("conflict", "pool_in_use", "step a of run r takes it"));
    const { code, err } = await haversack("pool delete licences", { deletePool });
    expect([code, err]).toEqual([exitCodes.invalid, expect.stringContaining("step a of run r takes it")]);
  });
});

describe("haversack why", () => {
  const run = fakeRun("r1", {
    status: "running",
    steps: [fakeStep("done", "succeeded"), fakeStep("build", "ready"), fakeStep("test", "waiting")],
  });
  const explanation: StepExplanation = {
    phase: "ready",
    reasons: [{ code: "no_worker", message: "no worker is connected" }],
    priority: 4,
    worker: ["pool=gpu"],
    limits: [],
  };
  const client: Partial<HaversackClient> = {
    run: async () => run,
    explain: async (_, step) =>
      step === "build" ? explanation : { ...explanation, phase: "waiting", reasons: [], worker: [] },
  };

  test("names all that a step waits for", async () => {
    const { code, out } = await haversack("why r1 build", client);
    expect(code).toBe(exitCodes.ok);
    expect(out).toBe("build is ready\n  no worker is connected\n  (priority 4, pool=gpu)\n");
  });

  test("without a step tells of all that have not started", async () => {
    const { out } = await haversack("why r1", client);
    expect(out).toContain("build is ready");
    expect(out).toContain("test is waiting\n  nothing keeps it: it is about to start\n");
    expect(out).not.toContain("done");
    const json = JSON.parse((await haversack("why r1 --json", client)).out) as { steps: unknown[] };
    expect(json.steps[0]).toEqual({ id: "build", ...explanation });
  });

  test("a step that is not there is an error, not silence", async () => {
    const { code, err } = await haversack("why r1 bild", client);
    expect([code, err]).toEqual([exitCodes.invalid, expect.stringContaining("has no step bild")]);
  });
});
