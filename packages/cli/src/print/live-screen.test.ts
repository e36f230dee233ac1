import { expect, test } from "vitest";
import { afterEvent, pictureAtStart } from "../follow/run-picture.ts";
import { fakeEvents, fakeRun } from "../testing/fake-client.ts";
import { fakeOutside } from "../testing/fake-outside.ts";
import { LiveScreen } from "./live-screen.ts";
import { createPaint } from "./paint.ts";

const startsWith = (text: string): RegExp => new RegExp(`^${RegExp.escape(text)}`);

test("redraws in place and leaves the last picture and the cursor behind", () => {
  const outside = fakeOutside({ live: true });
  const screen = new LiveScreen(outside, createPaint(false));
  const start = pictureAtStart(fakeRun("run-1"));
  screen.show(start);
  screen.note("connection lost\u001b[2J");
  screen.show(start);
  screen.end(fakeEvents("greet", "succeeded").reduce(afterEvent, start));
  const frames = outside.written.out.split("\u001b[?25l").slice(1);
  expect(frames).toHaveLength(3);
  expect(frames[1]).toMatch(startsWith("\u001b[2A\r\u001b[J"));
  expect(frames[1]).toContain("\n  connection lost\\x1b[2J\n");
  expect(frames[2]).toMatch(startsWith("\u001b[3A\r\u001b[J"));
  expect(frames[2]).toContain("✓ greet");
  expect(frames[2]?.endsWith("\u001b[?25h")).toBe(true);
});
