import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import type { Authenticator } from "./authenticate.ts";
import { openTokens } from "./tokens.ts";

const stored = async (folder: string, name: string) => (await readFile(join(folder, name), "utf8")).trim();

const roleOf = async (known: Authenticator, token: string) =>
  (await known({ token, peer: { address: "" } }))?.role;

describe("the tokens of a data folder", () => {
  test("are made once, differ, and are readable by their owner only", async () => {
    await using folder = await tempFolder();
    const first = await openTokens(folder.path);
    const [admin, worker] = [
      await stored(folder.path, "admin.token"),
      await stored(folder.path, "worker.token"),
    ];
    expect(admin).toMatch(/^hv1_[\w-]{43}$/);
    expect(admin).not.toBe(worker);
    expect((await stat(join(folder.path, "admin.token"))).mode & 0o777).toBe(0o600);
    const again = await openTokens(folder.path);
    for (const known of [first, again])
      expect(await Promise.all([admin, worker].map((token) => roleOf(known, token)))).toEqual([
        "admin",
        "worker",
      ]);
  });

  test("are compared whole: a prefix, a longer one and another case are strangers", async () => {
    await using folder = await tempFolder();
    const tokens = await openTokens(folder.path);
    const admin = await stored(folder.path, "admin.token");
    for (const token of ["", admin.slice(0, -1), `${admin}x`, admin.toUpperCase(), ` ${admin}`, "hv1_"])
      expect(await roleOf(tokens, token)).toBeUndefined();
  });

  test.each(["", "\n", "short"])(
    "a file that holds no token (%j) is refused with what to do",
    async (content) => {
      await using folder = await tempFolder();
      await writeFile(join(folder.path, "worker.token"), content);
      await expect(openTokens(folder.path)).rejects.toMatchObject({
        fault: "corrupt",
        message: expect.stringContaining("remove the file and a new token is made"),
      });
    },
  );
});
