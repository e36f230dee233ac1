import { expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { timePhases } from "./phases.ts";

test("a phase is told once for each launch, with what it took in all, also when it failed", async () => {
  const clock = new FakeClock();
  const phases = timePhases(clock);
  const take = (name: "inspect" | "start", ms: number) => phases.during(name, () => clock.advance(ms));
  await take("inspect", 5);
  await take("start", 20);
  await take("inspect", 7);
  const failing = phases.during("start", () => {
    clock.advance(1);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  phases.again();
  await take("start", 40);
  await take("start", 2);
  expect(phases.record).toEqual([
    { name: "inspect", ms: 12 },
    { name: "start", ms: 21 },
    { name: "start", ms: 42 },
  ]);
});
