import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FaultError } from "@haversack/base";
import {
  type AnswerRequest,
  type Approval,
  type HaversackClient,
  parseRunId,
  type WaitingApproval,
} from "@haversack/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "../program.ts";
import { fakeClient, fakeRun, fakeStep } from "../testing/fake-client.ts";
import { type FakeAsked, fakeOutside } from "../testing/fake-outside.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haversack-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function haversack(
  line: readonly string[],
  client: Partial<HaversackClient> = {},
  asked: FakeAsked = {},
) {
  const env = { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t" };
  const outside = fakeOutside({ env, cwd: folder, ...asked });
  const code = await runProgram(line, outside, () => fakeClient(client));
  return { code, ...outside.written };
}

const askedAt = Date.UTC(2026, 0, 31, 9, 14);
const approval: Approval = {
  prompt: "Ship \u001b[2Jit?\nto all?",
  form: {
    required: ["ring"],
    properties: { ring: { enum: ["canary", "all"] }, hosts: { type: "integer", default: 1 } },
  },
  approvers: ["ops"],
  askedAt,
  dueAt: askedAt + 3_600_000,
  onTimeout: "reject",
};
const steps = [fakeStep("build", "succeeded"), fakeStep("ship", "suspended", { kind: "human", approval })];
const asking = fakeRun("r1", { status: "running", steps });

/** A coordinator that takes every answer. */
function taking(existed = false) {
  const taken: AnswerRequest[] = [];
  const client: Partial<HaversackClient> = {
    run: async () => asking,
    answer: async (request) => {
      taken.push(request);
      return { run: asking, existed };
    },
  };
  return { taken, client };
}

describe("haversack answer", () => {
  test("sends the decision with its fields, those of the command line above those of a file", async () => {
    writeFileSync(join(folder, "f.json"), '{"ring":"all","hosts":2}');
    const { taken, client } = taking();
    const line = "answer r1 ship --approve --fields f.json --field hosts=3 --comment go --as Ann".split(" ");
    const { code, out } = await haversack(line, client);
    expect([code, out]).toEqual([exitCodes.ok, "step ship is approved\n"]);
    expect(taken).toEqual([
      {
        runId: "r1",
        stepId: "ship",
        decision: "approved",
        fields: { ring: "all", hosts: "3" },
        comment: "go",
        onBehalfOf: "Ann",
      },
    ]);
  });

  test("needs no step when one waits, and says when the answer had been given", async () => {
    const { taken, client } = taking(true);
    expect((await haversack(["answer", "r1", "--reject"], client)).out).toBe(
      "step ship had this answer already\n",
    );
    expect(taken).toMatchObject([{ stepId: "ship", decision: "rejected", fields: {} }]);
  });

  test("says which steps wait when the name is not one of them, or none is given", async () => {
    const run = async () => fakeRun("r1", { steps: [...steps, fakeStep("more", "suspended")] });
    const wrong = await haversack(["answer", "r1", "shop", "--approve"], { run });
    expect([wrong.code, wrong.err]).toEqual([exitCodes.missing, expect.stringContaining("ship, more")]);
    const none = await haversack(["answer", "r1", "--approve"], { run });
    expect([none.code, none.err]).toEqual([
      exitCodes.invalid,
      expect.stringContaining("name one of ship, more"),
    ]);
    const idle = await haversack(["answer", "r1", "--approve"], { run: async () => fakeRun("r1") });
    expect([idle.code, idle.err]).toEqual([
      exitCodes.invalid,
      expect.stringContaining("no step of run r1 waits"),
    ]);
  });

  test("asks on a terminal only, shows the question, and asks again for what it did not understand", async () => {
    const line = ["answer", "r1", "ship"];
    const deaf = await haversack(line, taking().client);
    expect([deaf.code, deaf.err]).toEqual([
      exitCodes.invalid,
      expect.stringContaining("either --approve or --reject"),
    ]);
    const { taken, client } = taking();
    const { code, out } = await haversack(line, client, { lines: ["", "maybe", "App", "canary", "", "ok"] });
    expect(code).toBe(exitCodes.ok);
    expect(out).toContain("  Ship it?\n  to all?\n".replace("it", "\\x1b[2Jit"));
    expect(out).toContain('ring: "canary" | "all": ');
    expect(out).toContain("hosts: integer, else 1 (optional): ");
    expect(taken).toMatchObject([{ decision: "approved", fields: { ring: "canary" }, comment: "ok" }]);
  });

  test("an input that ends before the answer answers nothing", async () => {
    const { taken, client } = taking();
    const { code, err } = await haversack(["answer", "r1"], client, { lines: ["approve"] });
    expect([code, err]).toEqual([exitCodes.invalid, expect.stringContaining("the input ended")]);
    expect(taken).toEqual([]);
  });

  test("tells what the coordinator says of the fields", async () => {
    const answer = async () => {
      throw new FaultError("invalid", "bad_field", "answer: fields.ring: is required");
    };
    const { code, err } = await haversack(["answer", "r1", "--approve"], { ...taking().client, answer });
    expect([code, err]).toEqual([exitCodes.invalid, expect.stringContaining("fields.ring: is required")]);
  });

  test("--fields must be a file with a JSON object", async () => {
    writeFileSync(join(folder, "list.json"), "[1]");
    for (const file of ["list.json", "none.json"]) {
      const { code, err } = await haversack(["answer", "r1", "--approve", "--fields", file], taking().client);
      expect([code, err]).toEqual([exitCodes.invalid, expect.stringContaining(file)]);
    }
  });
});

describe("what waits", () => {
  const waiting = (index: number): WaitingApproval => ({
    ...approval,
    runId: parseRunId(`r${index}`),
    dagName: "release",
    stepId: fakeStep("ship", "suspended").id,
  });

  test("haversack approvals lists it, page by page, safe for the terminal", async () => {
    const pages = [[waiting(1), waiting(2)], [waiting(3)]];
    const tokens: (string | undefined)[] = [];
    const approvals: HaversackClient["approvals"] = async ({ pageToken }) => {
      tokens.push(pageToken);
      const page = pageToken === "next" ? 1 : 0;
      return { approvals: pages[page] ?? [], nextPageToken: page === 0 ? "next" : "" };
    };
    const { code, out, err } = await haversack(["approvals"], { approvals });
    expect([code, tokens]).toEqual([exitCodes.ok, ["", "next"]]);
    expect(out).toMatch(/^RUN +STEP .*\nr1 +ship +release +1m00s +2026-.* ops +Ship \\x1b\[2Jit\?\nr2 /);
    expect(err).toContain("answer RUN STEP --approve or --reject");
    const json = JSON.parse((await haversack(["approvals", "--json"], { approvals })).out) as object;
    expect(json).toMatchObject({
      approvals: [
        { runId: "r1", askedAt: "2026-01-31T09:14:00.000Z", dueAt: "2026-01-31T10:14:00.000Z" },
        {},
        {},
      ],
    });
    const few = await haversack(["approvals", "-n", "2"], { approvals });
    expect(few.err).toContain("there are more: --limit 10");
    const none = await haversack(["approvals"], {
      approvals: async () => ({ approvals: [], nextPageToken: "" }),
    });
    expect(none.err).toContain("nothing waits for a person");
  });

  test("haversack show says since when, until when and what then; after the answer who gave it", async () => {
    const { out } = await haversack(["show", "r1"], { run: async () => asking });
    expect(out).toContain("asks: Ship \\x1b[2Jit?");
    expect(out).toMatch(
      /question of ship\n {2}Ship .*\n {2}to all\?\n {2}ring: "canary" \| "all"\n {2}hosts: .*\n/,
    );
    expect(out).toMatch(
      /waits for a person since 2026-\S+ \S+, until 2026-\S+ \S+ \(then: reject\)\n {2}npx haversack answer r1 ship --approve or --reject\n {2}approvers: ops/,
    );
    const answer = {
      decision: "rejected",
      by: "admin",
      onBehalfOf: "Ann",
      comment: "no",
      fields: {},
      at: askedAt,
    };
    const failed = fakeStep("ship", "failed", { approval: { ...approval, answer } as Approval });
    const after = await haversack(["show", "r1"], { run: async () => fakeRun("r1", { steps: [failed] }) });
    expect(after.out).toMatch(/ {2}rejected by admin for Ann: no, 2026-/);
  });
});

describe("haversack pause and resume", () => {
  const paused = fakeRun("r1", { status: "running", paused: { at: askedAt, reason: "disk" } });

  test("say what they did, or that there was nothing to do", async () => {
    const reasons: string[] = [];
    const run = async () => asking;
    const pauseRun: HaversackClient["pauseRun"] = async (_, reason) => {
      reasons.push(reason);
      return { run: paused, changed: reasons.length === 1 };
    };
    expect((await haversack(["pause", "r1", "--reason", "disk"], { run, pauseRun })).out).toBe(
      "run r1 is paused\n",
    );
    expect((await haversack(["pause", "r1"], { run, pauseRun })).out).toBe("run r1 was paused already\n");
    expect(reasons).toEqual(["disk", ""]);
    const resumeRun = async () => ({ run: asking, changed: true });
    expect((await haversack(["resume", "r1"], { run, resumeRun })).out).toBe("run r1 goes on\n");
    const json = JSON.parse((await haversack(["pause", "r1", "--json"], { run, pauseRun })).out) as object;
    expect(json).toMatchObject({
      id: "r1",
      changed: false,
      paused: { at: "2026-01-31T09:14:00.000Z", reason: "disk" },
    });
  });

  test("show and runs say that a run is paused, why, and its time limit", async () => {
    const limited = { ...paused, dueAt: askedAt + 60_000 };
    const { out } = await haversack(["show", "r1"], { run: async () => limited });
    expect(out).toMatch(/paused {5}since 2026-\S+ \S+: disk\ntime limit 2026-/);
    const list = await haversack(["runs"], { runs: async () => ({ runs: [paused], nextPageToken: "" }) });
    expect(list.out).toContain("running, paused");
  });
});
