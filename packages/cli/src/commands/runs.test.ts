import type { HaversackClient, RunFilter } from "@haversack/protocol";
import { expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "../program.ts";
import { fakeClient, fakeRun } from "../testing/fake-client.ts";
import { fakeOutside } from "../testing/fake-outside.ts";

async function haversack(argv: string, client: Partial<HaversackClient> = {}) {
  const outside = fakeOutside({ env: { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t" } });
  const code = await runProgram(argv.split(" "), outside, () => fakeClient(client));
  return { code, ...outside.written };
}

test("runs asks for what the options say, and tells how to go on", async () => {
  let asked: RunFilter = {};
  const runs: HaversackClient["runs"] = async (filter) => {
    asked = filter;
    return { runs: [fakeRun("a")], nextPageToken: "next" };
  };
  const options = "--label team=data -l tier=1 --dag hello --retry-of run-1 --trigger schedule --page p1";
  const { err } = await haversack(`runs -n 1 ${options} --since 2h --until 2026-01-31T06:00`, { runs });
  expect(err).toContain("there are more: --page next");
  expect(asked).toEqual({
    dagName: "hello",
    retryOf: "run-1",
    trigger: "schedule",
    labels: { team: "data", tier: "1" },
    pageSize: 1,
    pageToken: "p1",
    since: expect.any(Number),
    until: Date.UTC(2026, 0, 31, 6),
  });
  expect(JSON.parse((await haversack("runs -n 1 --json", { runs })).out)).toMatchObject({ next: "next" });
  expect((await haversack("runs --since soon", { runs })).code).toBe(exitCodes.invalid);
});
