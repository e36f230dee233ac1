import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../tests/support/temp-folder.ts";
import { parseArch } from "./arch.ts";
import { clockLibrary, clockVariables, onAnotherDay, withClock } from "./other-clock.ts";

const faked = {
  LD_PRELOAD: "/usr/$LIB/faketime/libfaketimeMT.so.1",
  FAKETIME: "+3d",
  FAKETIME_SHARED: "/sem /shm",
  NO_FAKE_STAT: "1",
};

test("the clock of the second build goes on to programs, and nothing else does", () => {
  expect(clockVariables({ ...faked, TZ: "Pacific/Chatham", SECRET: "x" })).toEqual(faked);
  // Somebody's own library is none of ours.
  expect(clockVariables({ LD_PRELOAD: "/usr/lib/libother.so" })).toEqual({});
  expect(onAnotherDay(["node", "main.ts"]).slice(-2)).toEqual(["node", "main.ts"]);
});

test("its library is in a root of this machine's architecture while something runs there", async () => {
  const [own, other] = process.arch === "x64" ? (["x64", "arm64"] as const) : (["arm64", "x64"] as const);
  expect(clockLibrary(other, faked)).toBeUndefined();
  expect(clockLibrary(own, {})).toBeUndefined();
  expect(clockLibrary(parseArch("host"), faked)).toMatch(
    /^\/usr\/lib\/(?:x86_64|aarch64)-linux-gnu\/faketime\/libfaketimeMT\.so\.1$/,
  );
  await using folder = await tempFolder();
  const library = join(folder.path, "faketime/lib.so");
  const root = join(folder.path, "root");
  await mkdir(join(folder.path, "faketime"));
  await writeFile(library, "");
  const isThere = (file: string) =>
    access(file).then(
      () => true,
      () => false,
    );
  expect(await withClock(root, library, () => isThere(join(root, library)))).toBe(true);
  expect(await isThere(join(root, folder.path, "faketime"))).toBe(false);
  expect(await withClock(root, undefined, async () => "ran")).toBe("ran");
});
