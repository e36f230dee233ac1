import { expect, test } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { runProgram } from "./program.ts";
import { fakeClient } from "./testing/fake-client.ts";
import { fakeOutside } from "./testing/fake-outside.ts";

async function haversack(line: string) {
  const outside = fakeOutside({ env: { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t" } });
  const client = fakeClient({ workers: async () => [], memoryScopes: async () => [] });
  const code = await runProgram(line.split(" "), outside, () => client);
  return { code, ...outside.written };
}

test.each([
  "--no-color workers",
  "workers --no-color",
  "workers --json --no-color",
  "memory list --no-color",
])("--no-color stands anywhere: %s", async (line) => {
  expect((await haversack(line)).code).toBe(exitCodes.ok);
});

test("--no-color is told of once, in the help of haversack itself", async () => {
  expect((await haversack("--help")).out).toContain("--no-color");
  expect((await haversack("snapshot inspect --help")).out).not.toContain("--no-color");
});

test("--version stands before a command only: behind one it is the command's", async () => {
  expect((await haversack("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect((await haversack("workers --version")).code).toBe(exitCodes.invalid);
});
