/** What an agent asks of memory is reported with an attempt that succeeded, and with no other. */

import type { MemoryOperation } from "@haversack/protocol";
import { expect, test } from "vitest";
import { until } from "../../../../tests/support/fake-clock.ts";
import { attemptWorld, ofKind, taskOf } from "../testing/attempt-world.ts";

const memory: MemoryOperation[] = [
  { id: "1", scope: "dag", change: { kind: "add", text: "The sea is grey." }, untrusted: true },
];

test.each([
  ["that succeeded", [], "succeeded", memory],
  ["whose artifact is not there", ["report.md"], "failed", undefined],
] as const)("an attempt %s", async (_name, artifacts, outcome, expected) => {
  await using world = await attemptWorld();
  world.up();
  world.attempts.take({ kind: "tasks", tasks: [taskOf("a", { artifacts: [...artifacts] })] });
  await until(() => world.executor.running.size === 1);
  world.executor.running.get("a")?.end({ outcome: "succeeded", outputs: new Map(), memory });
  await until(() => ofKind(world.sent, "results").length > 0);
  const [result] = ofKind(world.sent, "results").flatMap(({ results }) => results);
  expect(result?.outcome).toBe(outcome);
  expect(result?.memory).toEqual(expected);
});
