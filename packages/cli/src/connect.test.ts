import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { findCoordinator } from "./connect.ts";
import { fakeOutside } from "./testing/fake-outside.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const local = "http://127.0.0.1:7420";

/** A folder with a coordinator's data in `.haversack`, and a folder below it. */
function checkout(pid = 42) {
  const root = mkdtempSync(join(tmpdir(), "haversack-connect-"));
  folders.push(root);
  mkdirSync(join(root, ".haversack"));
  mkdirSync(join(root, "deep", "er"), { recursive: true });
  writeFileSync(join(root, ".haversack", "coordinator.json"), JSON.stringify({ url: local, pid }));
  writeFileSync(join(root, ".haversack", "admin.token"), "admin\n");
  writeFileSync(join(root, ".haversack", "worker.token"), "worker\n");
  return { root, below: join(root, "deep", "er") };
}

test("the nearest data folder above tells address and token", async () => {
  const { below } = checkout();
  const outside = fakeOutside({ cwd: below, alive: [42] });
  expect(await findCoordinator({}, "admin", outside)).toMatchObject({ url: local, token: "admin" });
  expect(await findCoordinator({}, "worker", outside)).toMatchObject({ url: local, token: "worker" });
});

test("options win over the environment, the environment over the folder", async () => {
  const { root } = checkout();
  const env = { HAVERSACK_URL: "http://env:1", HAVERSACK_TOKEN: "env" };
  const outside = fakeOutside({ cwd: root, env, alive: [42] });
  expect(await findCoordinator({}, "admin", outside)).toMatchObject({ url: "http://env:1", token: "env" });
  const asked = { url: "http://option:1", token: "option" };
  expect(await findCoordinator(asked, "admin", outside)).toMatchObject(asked);
});

test("a local token goes to the local coordinator only", async () => {
  const { root } = checkout();
  const outside = fakeOutside({ cwd: root, alive: [42] });
  expect(await findCoordinator({ url: local }, "admin", outside)).toMatchObject({ token: "admin" });
  await expect(findCoordinator({ url: "http://elsewhere:1" }, "admin", outside)).rejects.toMatchObject({
    code: "missing_token",
  });
});

test("a coordinator that no longer runs is told from one that never did", async () => {
  const { root } = checkout();
  const outside = fakeOutside({ cwd: root });
  await expect(findCoordinator({}, "admin", outside)).rejects.toMatchObject({ code: "coordinator_gone" });
  const asked = { data: join(root, "deep") };
  await expect(findCoordinator(asked, "admin", outside)).rejects.toMatchObject({ code: "no_coordinator" });
  await expect(findCoordinator({ url: "nonsense" }, "admin", outside)).rejects.toMatchObject({
    code: "bad_url",
  });
});
