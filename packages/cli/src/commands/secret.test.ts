import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HaversackClient, SecretInfo } from "@haversack/protocol";
import { describe, expect, test, vi } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { runProgram } from "../program.ts";
import { fakeClient } from "../testing/fake-client.ts";
import { type FakeAsked, fakeOutside } from "../testing/fake-outside.ts";

const info: SecretInfo = { name: "token", version: 2, setAt: Date.UTC(2026, 0, 31), setBy: "admin" };
const value = "c4nary-value";

async function secret(args: readonly string[], methods: Partial<HaversackClient>, asked: FakeAsked = {}) {
  const env = { HAVERSACK_URL: "http://127.0.0.1:1", HAVERSACK_TOKEN: "t" };
  const outside = fakeOutside({ env, ...asked });
  const code = await runProgram(["secret", ...args], outside, () => fakeClient(methods));
  return { code, ...outside.written };
}

function setting() {
  const setSecret = vi.fn<HaversackClient["setSecret"]>(async () => info);
  const given = () => setSecret.mock.calls.map(([name, bytes]) => [name, Buffer.from(bytes).toString()]);
  return { setSecret, given };
}

describe("haversack secret set", () => {
  test.each([
    ["a line", `${value}\n`, value],
    ["a line of Windows", `${value}\r\n`, value],
    ["several lines", "a\nb\n\n", "a\nb\n"],
    ["no line end", value, value],
  ])("takes %s of standard input", async (_name, input, expected) => {
    const { setSecret, given } = setting();
    const { code, out, err } = await secret(["set", "token"], { setSecret }, { input });
    expect([code, given()]).toEqual([0, [["token", expected]]]);
    expect([out, err]).toEqual(["secret token is set, version 2\n", ""]);
  });

  test("asks a person, and shows nothing of the answer", async () => {
    const { setSecret, given } = setting();
    const { out, err } = await secret(["set", "token"], { setSecret }, { lines: [value] });
    expect(given()).toEqual([["token", value]]);
    expect(err).toBe("value of token (not shown): ");
    expect(out).not.toContain(value);
  });

  test("reads a file", async () => {
    await using folder = await tempFolder();
    await writeFile(join(folder.path, "key"), `${value}\n`);
    const { setSecret, given } = setting();
    const asked = { cwd: folder.path };
    const { code } = await secret(["set", "token", "--from-file", "key", "--json"], { setSecret }, asked);
    expect([code, given()]).toEqual([0, [["token", value]]]);
    expect(await secret(["set", "token", "--from-file", "gone"], { setSecret }, asked)).toMatchObject({
      code: 2,
      err: expect.stringContaining("cannot read"),
    });
  });

  test.each([
    ["", "it is empty"],
    ["\n", "it is empty"],
    ["x".repeat(65_537), "more than the 65536 bytes"],
    ["a\0b", "a NUL byte"],
  ])("refuses a value before it is sent, without telling it", async (input, message) => {
    const { setSecret, given } = setting();
    const { code, err } = await secret(["set", "token"], { setSecret }, { input });
    expect([code, given()]).toEqual([2, []]);
    expect(err).toContain(message);
  });

  test("takes no value as an argument", async () => {
    const { setSecret, given } = setting();
    const { code } = await secret(["set", "token", value], { setSecret }, { input: value });
    expect([code, given()]).toEqual([2, []]);
  });
});

test("haversack secret list, remove, rotate-key", async () => {
  const removeSecret = vi.fn<HaversackClient["removeSecret"]>(async () => {});
  const methods = {
    secrets: async () => [info],
    removeSecret,
    rotateVaultKey: async () => ({ keyId: "ab12", resealed: 3 }),
  };
  expect((await secret(["list"], methods)).out).toMatch(
    /^NAME +VERSION +SET +BY\ntoken +2 +\S+ \S+ +admin\n$/,
  );
  const { out } = await secret(["list", "--json"], methods);
  expect(JSON.parse(out)).toEqual({
    secrets: [{ name: "token", version: 2, setAt: "2026-01-31T00:00:00.000Z", setBy: "admin" }],
  });
  expect((await secret(["list"], { secrets: async () => [] })).err).toContain("there are no secrets");
  expect((await secret(["remove", "token"], methods)).out).toBe("secret token is removed\n");
  expect(removeSecret.mock.calls[0]?.[0]).toBe("token");
  expect((await secret(["rotate-key"], methods)).out).toContain("3 files of the vault");
});
