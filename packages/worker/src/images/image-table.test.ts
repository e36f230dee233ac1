import { type ImageState, imageStates, imageStatesInFlight } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { imageAfter, imageAtStart, imageEvents, isInFlight } from "./image-table.ts";

/** Each event, from where to where, written by hand: the table has these and no others. */
const expected = `
asked: unknown absent disabled failed cancelled > queued
granted: queued > resolving
resolved: resolving > downloading
held: resolving > verifying
already: resolving > ready
received: downloading > verifying
pulled: downloading > importing
verified: verifying > importing
imported: importing > ready
fault: resolving downloading verifying importing > failed
due: failed > queued
restarted: resolving downloading verifying importing > queued
cancel: queued resolving downloading verifying importing failed > cancelled
found: unknown absent disabled failed cancelled > ready
vanished: ready > absent
evicted: ready > absent
spoilt: ready > failed
unanswered: absent disabled ready > unknown
answered: unknown > absent
barred: absent > disabled`;

describe("the table of images", () => {
  test("has for each state and each event what is written here, and nothing else", () => {
    const wanted = new Map<string, string>();
    for (const line of expected.trim().split("\n")) {
      const [, event, from, to] = /^(\w+): (.+) > (\w+)$/.exec(line) ?? [];
      for (const state of (from ?? "").split(" ")) wanted.set(`${state} ${event}`, to ?? "");
    }
    for (const state of imageStates)
      for (const event of imageEvents)
        expect([state, event, imageAfter(state, event)]).toEqual([
          state,
          event,
          wanted.get(`${state} ${event}`),
        ]);
    expect(wanted.size).toBe(41);
  });

  test("is never left, and ready is reached only by what the engine says", () => {
    const anyEvents = fc.array(fc.constantFrom(...imageEvents), { maxLength: 60 });
    fc.assert(
      fc.property(fc.constantFrom(...imageStates), anyEvents, (first, events) => {
        let state: ImageState = first;
        for (const event of events) {
          const after = imageAfter(state, event);
          if (after === undefined) continue;
          expect(imageStates).toContain(after);
          if (after === "ready") expect(["found", "already", "imported"]).toContain(event);
          // A flight is left only by its own end, a fault, or somebody who wants it no more.
          if (isInFlight(state) && !isInFlight(after))
            expect(["already", "imported", "fault", "cancel"]).toContain(event);
          if (!isInFlight(state) && isInFlight(after)) expect(["asked", "due"]).toContain(event);
          if (state === "unsupported") throw new Error("left what nothing leaves");
          state = after;
        }
      }),
    );
  });

  test("begins again, after a kill, with what was under way, and guesses nothing", () => {
    for (const state of imageStates)
      expect(imageAtStart(state)).toBe(imageStatesInFlight.has(state) ? "queued" : state);
  });
});
