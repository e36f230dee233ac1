import { createHash } from "node:crypto";
import { type ArtifactQuery, parseDigest } from "@haversack/protocol";
import { expect, test } from "vitest";
import { away } from "../testing/fake-client.ts";
import { FakeClock } from "../testing/fake-outside.ts";
import { wholeArtifact } from "./whole-artifact.ts";

function setup(content: string) {
  const clock = new FakeClock();
  const notes: string[] = [];
  const random = { fraction: () => 0.5, id: () => "" };
  const outside = { clock, random, stopping: new AbortController().signal };
  const digest = parseDigest(`sha256:${createHash("sha256").update("half").digest("hex")}`);
  const artifact = { path: "R.md", digest, size: 4, executable: false };
  const asked: (number | undefined)[] = [];
  const client = {
    async *artifact({ offset = 0 }: ArtifactQuery) {
      asked.push(offset);
      yield Buffer.from(content.slice(offset, offset + 1));
      if (asked.length < 3) throw away();
      yield Buffer.from(content.slice(offset + 1));
    },
  };
  const asker = { outside, note: (text: string) => void notes.push(text) };
  const chunks = wholeArtifact(client, { runId: "run-1", stepId: "report", artifact }, asker);
  return { clock, asked, notes, all: Array.fromAsync(chunks) };
}

test("what has arrived is not sent again when the connection breaks", async () => {
  const { clock, asked, notes, all } = setup("half");
  await clock.pass(10_000);
  expect(Buffer.concat(await all).toString()).toBe("half");
  expect(asked).toEqual([0, 1, 2]);
  expect(notes[0]).toContain("connection lost");
});

test("what is not what the step left is refused", async () => {
  const { clock, all } = setup("hulf");
  const refused = all.catch((error: unknown) => error);
  await clock.pass(10_000);
  expect(await refused).toMatchObject({ code: "artifact_corrupt" });
});
