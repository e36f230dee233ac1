import { expect, test } from "vitest";
import { fakePiece } from "../testing/fake-client.ts";
import { LogLines } from "./log-lines.ts";

test("lines are whole, whatever the pieces", () => {
  const bytes = Buffer.from("grüße\r\nzwei\ndrei");
  for (let cut = 1; cut < bytes.length; cut++) {
    const lines = new LogLines();
    const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
    const texts = pieces.flatMap((data, index) => lines.take({ ...fakePiece(index + 1, "a", ""), data }));
    expect(
      [...texts, ...lines.end()].map((line) => line.text).filter((text) => text !== ""),
      `cut at ${cut}`,
    ).toEqual(["grüße", "zwei", "drei"]);
  }
});

test("streams, steps and attempts do not mix", () => {
  const lines = new LogLines();
  lines.take(fakePiece(1, "a", "one "));
  lines.take({ ...fakePiece(2, "a", "two "), stream: "stderr" });
  expect(lines.take(fakePiece(3, "a", "three\n")).map((line) => line.text)).toEqual(["one three"]);
  expect(lines.end()).toMatchObject([{ stream: "stderr", text: "two " }]);
});

test("a line without an end is cut", () => {
  const lines = new LogLines();
  const taken = lines.take(fakePiece(1, "a", "x".repeat(40_000)));
  expect(taken.map((line) => line.text.length)).toEqual([16_384, 16_384]);
});
