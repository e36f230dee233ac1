import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hostSecrets } from "./secret-source.ts";

test.each([
  ["OPENAI_API_KEY", "key"],
  ["HAVERSACK_MODEL_URL", "http://x"],
  ["HAVERSACK_TOKEN", undefined],
  ["HAVERSACK_DATA", undefined],
  ["EMPTY", undefined],
  ["MISSING", undefined],
  ["A B", undefined],
])("the variable %s", async (name, expected) => {
  const hostEnv = new Map([
    ["OPENAI_API_KEY", "key"],
    ["HAVERSACK_MODEL_URL", "http://x"],
    ["HAVERSACK_TOKEN", "t"],
    ["HAVERSACK_DATA", "/d"],
    ["EMPTY", ""],
    ["A B", "x"],
  ]);
  expect(await hostSecrets({ hostEnv, fileFolders: [] }).resolve({ env: name })).toBe(expected);
});

test("files come from folders for secrets only", async () => {
  const base = await realpath(await mkdtemp(join(tmpdir(), "secrets-")));
  try {
    const folder = join(base, "secrets");
    await mkdir(folder);
    await writeFile(join(folder, "key"), "value\n");
    await writeFile(join(base, "other"), "value");
    await symlink(join(base, "other"), join(folder, "link"));
    await mkdir(join(base, "secrets-too"));
    await writeFile(join(base, "secrets-too", "key"), "value");
    const source = hostSecrets({ hostEnv: new Map(), fileFolders: [folder] });
    const resolve = (path: string): Promise<string | undefined> => source.resolve({ file: path });
    expect(await resolve(join(folder, "key"))).toBe("value");
    for (const path of [
      join(base, "other"),
      join(folder, "link"),
      join(folder, "../other"),
      join(base, "secrets-too/key"),
      folder,
      "/nowhere",
    ]) {
      expect(await resolve(path)).toBeUndefined();
    }
    expect(await source.resolve({ secret: "key" })).toBeUndefined();
  } finally {
    await rm(base, { recursive: true });
  }
});
