import type { AuditRecord } from "@haversack/protocol";
import { expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { nobody, Refusals } from "./refusals.ts";

function world() {
  const clock = new FakeClock();
  const told: AuditRecord[] = [];
  const refusals = new Refusals((record) => told.push(record), clock);
  const refuse = (more: Partial<AuditRecord> = {}) => {
    const record = {
      caller: nobody,
      method: "A/B",
      target: "",
      peer: "10.0.0.1",
      outcome: "unauthenticated",
      times: 1,
    };
    refusals.add({ at: clock.now(), ...record, ...more });
  };
  return { clock, told, refuse, refusals };
}

test("the first of a kind is told at once, the others together", () => {
  const { clock, told, refuse } = world();
  for (let count = 0; count < 1000; count++) refuse();
  refuse({ peer: "10.0.0.2" });
  expect(told.map(({ peer, times }) => [peer, times])).toEqual([
    ["10.0.0.1", 1],
    ["10.0.0.2", 1],
  ]);
  clock.advance(5 * 60_000);
  expect(told.slice(2)).toMatchObject([{ peer: "10.0.0.1", times: 999, at: clock.now() }]);
  expect(clock.timers).toBe(0);
  refuse();
  expect(told).toHaveLength(4);
});

test("a known caller is told apart by method; nobody is not", () => {
  const { told, refuse, refusals } = world();
  const caller = { kind: "token", id: "a", role: "viewer", name: "v" };
  for (const method of ["A/B", "A/C", "A/C"]) refuse({ caller, method, outcome: "permission_denied" });
  for (const method of ["A/B", "A/C", "A/C"]) refuse({ method });
  refusals.flush();
  expect(told.map(({ caller: { id }, method, times }) => [id, method, times])).toEqual([
    ["a", "A/B", 1],
    ["a", "A/C", 1],
    ["", "A/B", 1],
    ["a", "A/C", 1],
    ["", "", 2],
  ]);
});

test("however many addresses there are, a window is a bounded number of records", () => {
  const { told, refuse, refusals } = world();
  for (let host = 0; host < 5000; host++) refuse({ peer: `10.1.${host >> 8}.${host & 255}` });
  refusals.flush();
  expect(told.length).toBeLessThanOrEqual(102);
  expect(told.reduce((sum, { times }) => sum + times, 0)).toBe(5000);
});
