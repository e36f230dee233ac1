/** The diagrams in docs/states.md are those of the code. `UPDATE_DIAGRAMS=1` draws them anew. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./sources.ts";
import { diagrams, draw, redraw } from "./state-diagrams.ts";

const file = join(root, "docs/states.md");

test("docs/states.md shows the tables that the code decides by (UPDATE_DIAGRAMS=1 draws them anew)", () => {
  const text = readFileSync(file, "utf8");
  const drawn = redraw(text);
  if (process.env.UPDATE_DIAGRAMS !== undefined) writeFileSync(file, drawn);
  else expect(text).toBe(drawn);
  for (const name of Object.keys(diagrams)) expect(drawn).toContain(`<!-- drawn: ${name} -->`);
  expect(drawn).not.toMatch(/^no \w+$/m);
});

test("a picture has an arrow for each pair of states, and every event on it", () => {
  const moves = { a: { go: "b", run: "b", stop: "c" }, b: { stop: "c" }, c: {} };
  expect(draw(moves, "a", (state) => state === "c").split("\n")).toEqual([
    "```mermaid",
    "stateDiagram-v2",
    "  [*] --> a",
    "  a --> b: go, run",
    "  a --> c: stop",
    "  b --> c: stop",
    "  c --> [*]",
    "```",
  ]);
});
