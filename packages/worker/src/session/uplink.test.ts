import {
  type AttemptResult,
  messageBytesMax,
  parseGeneration,
  parseRunId,
  parseStepId,
  type Upward,
  upwardToWire,
} from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { turns } from "../../../../tests/support/fake-clock.ts";
import { Uplink } from "./uplink.ts";

const refOf = (attempt: number) => ({
  runId: parseRunId("run"),
  stepId: parseStepId("step"),
  attempt,
  generation: parseGeneration("1-a"),
});
const resultOf = (attempt: number, output = ""): AttemptResult => ({
  ref: refOf(attempt),
  outcome: "succeeded",
  outputs: new Map([["out", output]]),
  artifacts: [],
  logs: [],
});

function setup() {
  const uplink = new Uplink((error) => {
    throw error;
  });
  const sent: Upward[] = [];
  return { uplink, sent, up: () => uplink.up((message) => void sent.push(message)) };
}

describe("a session that is up", () => {
  test("carries what is left in one turn together: starts, then logs, then results", async () => {
    const { uplink, sent, up } = setup();
    up();
    uplink.result(resultOf(1));
    uplink.chunk({ ref: refOf(1), stream: "stdout", offset: 0, data: new Uint8Array(1) });
    uplink.started(refOf(1));
    uplink.started(refOf(2));
    expect(sent).toEqual([]);
    await turns(1);
    expect(sent.map(({ kind }) => kind)).toEqual(["started", "logs", "results"]);
    expect(sent[0]).toMatchObject({ refs: [{ attempt: 1 }, { attempt: 2 }] });
  });

  test("carries control at once", () => {
    const { uplink, sent, up } = setup();
    up();
    uplink.send({ kind: "credits", grantedTotal: 3 });
    expect(sent).toEqual([{ kind: "credits", grantedTotal: 3 }]);
  });

  test("sends no more than 64 items in a message, and loses none", async () => {
    const { uplink, sent, up } = setup();
    up();
    for (let attempt = 1; attempt <= 150; attempt++) uplink.started(refOf(attempt));
    await turns(1);
    const sizes = sent.map((message) => (message.kind === "started" ? message.refs.length : 0));
    expect(sizes).toEqual([64, 64, 22]);
  });

  test("sends no message that is larger than a message may be, however large results are", async () => {
    const { uplink, sent, up } = setup();
    up();
    const output = "x".repeat(1024 * 1024 - 100);
    for (let attempt = 1; attempt <= 20; attempt++) uplink.result(resultOf(attempt, output));
    await turns(1);
    const counts = sent.map((message) => (message.kind === "results" ? message.results.length : 0));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20);
    for (const message of sent) {
      const bytes = JSON.stringify(upwardToWire(message), (_, value: unknown) =>
        typeof value === "bigint" ? Number(value) : value,
      ).length;
      expect(bytes).toBeLessThan(messageBytesMax);
    }
  });
});

describe("while no session is up", () => {
  test("messages are dropped, and a new session starts with what its owners tell again", async () => {
    const { uplink, sent, up } = setup();
    up();
    uplink.result(resultOf(1));
    uplink.down();
    expect(uplink.isUp).toBe(false);
    uplink.started(refOf(2));
    await turns(1);
    expect(sent).toEqual([]);
    uplink.onUp(() => uplink.started(refOf(3)));
    up();
    await turns(1);
    expect(sent).toEqual([{ kind: "started", refs: [refOf(3)] }]);
  });

  test("whoever stopped listening is not asked", () => {
    const { uplink, up } = setup();
    let asked = 0;
    const stop = uplink.onUp(() => asked++);
    up();
    stop();
    up();
    expect(asked).toBe(1);
  });
});
