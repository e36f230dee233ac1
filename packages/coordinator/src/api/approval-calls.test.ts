import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { parseRunId, runToWire, type StepSpec } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callerKey } from "../auth/caller.ts";
import { stepOf } from "../testing/fleet-samples.ts";
import { openRealStores, type RealStores } from "../testing/real-store.ts";
import { approvalCalls } from "./approval-calls.ts";

let stores: RealStores;
beforeAll(async () => {
  stores = await openRealStores();
});
afterAll(() => stores.close());

const now = 1_700_000_000_000;
const form = {
  required: ["ring"],
  properties: { ring: { enum: ["canary", "all"] }, hosts: { type: "integer" } },
};
const ask = (id: string): StepSpec =>
  stepOf(id, [], { work: { kind: "human", prompt: "ok?", approvers: [], onTimeout: "fail", form } });

/** As a caller whose credential says that it is `admin`. */
function calls() {
  const answer = async (runId: string) => {
    const run = await stores.store.read.runRead({ id: parseRunId(runId) });
    return runToWire(run, run.steps);
  };
  const context = {
    values: createContextValues().set(callerKey, { kind: "file", id: "admin", role: "admin", name: "admin" }),
  } as HandlerContext;
  const { answer: give, ...rest } = approvalCalls({ store: stores.store, clock: { now: () => now }, answer });
  const base = { stepId: "ask", decision: 1, fields: {}, comment: "", onBehalfOf: "" };
  const said = (request: object) => give({ ...base, ...request } as never, context);
  return { said, ...rest, context };
}

describe("an answer", () => {
  test("is recorded with the identity of the credential, whatever name comes along", async () => {
    const { said } = calls();
    const runId = await stores.submit(now, ask("ask"));
    const request = { runId, fields: { ring: "all", hosts: "3" }, onBehalfOf: "root", comment: "go" };
    expect(await said(request)).toMatchObject({ existed: false });
    expect(await said({ ...request, fields: { hosts: 3, ring: "all" } })).toMatchObject({ existed: true });
    const [step] = (await stores.store.read.runRead({ id: runId })).steps;
    expect(step?.outputs).toEqual({
      decision: "approved",
      by: "admin",
      onBehalfOf: "root",
      comment: "go",
      ring: "all",
      hosts: 3,
    });
  });

  test("that does not fit is told by field, and changes nothing", async () => {
    const { said } = calls();
    const runId = await stores.submit(now, ask("ask"));
    await expect(said({ runId })).rejects.toThrow("fields.ring: is required");
    await expect(said({ runId, fields: { rink: 1 } })).rejects.toThrow('no such field; did you mean "ring"?');
    await expect(said({ runId, decision: 0 })).rejects.toThrow("decision: expected APPROVED or REJECTED");
    await expect(said({ runId, comment: "x".repeat(4001) })).rejects.toThrow(
      "comment has at most 4000 characters",
    );
    await expect(said({ runId, onBehalfOf: "x".repeat(201) })).rejects.toThrow(
      "on_behalf_of has at most 200",
    );
    expect(await stores.phases(runId)).toBe("running ask=suspended");
    expect(await said({ runId, decision: 2 })).toMatchObject({ existed: false });
    expect(await stores.phases(runId)).toBe("failed ask=failed");
  });
});

describe("the list of approvals", () => {
  test("comes in pages whose tokens nobody can make up", async () => {
    const { listApprovals, context } = calls();
    const page = async (pageToken: string, pageSize = 2) =>
      await listApprovals({ pageSize, pageToken, dagName: "" } as never, context);
    await stores.submit(now, ask("one"), ask("two"), ask("three"));
    const steps: (string | undefined)[] = [];
    let token = "";
    do {
      const { approvals = [], nextPageToken = "" } = await page(token);
      steps.push(...approvals.map(({ stepId }) => stepId));
      token = nextPageToken;
    } while (token !== "");
    expect(steps).toEqual(["one", "two", "three"]);
    for (const bad of ["x", "1", "1.2.3", "-1.0", "1.9999999999", "1 or 1=1.0"])
      await expect(page(bad)).rejects.toMatchObject({ code: "bad_page_token" });
    await expect(page("", 501)).rejects.toMatchObject({ code: "bad_page_size" });
  });
});

test("a reason for a pause is bounded", async () => {
  const { pause, context } = calls();
  const runId = await stores.submit(now, ask("ask"));
  await expect(pause({ runId, reason: "x".repeat(501) } as never, context)).rejects.toThrow(
    "reason has at most 500",
  );
  expect(await pause({ runId, reason: "disk" } as never, context)).toMatchObject({ changed: true });
});
