/** The last job of the release workflow, command by command as GitHub runs them, with a stand-in for its client. */

import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseYaml } from "@haversack/snapshot";
import { expect, test } from "vitest";
import { tempFolder } from "../tests/support/temp-folder.ts";
import { arches } from "./arch.ts";
import { newKey } from "./release.ts";
import { made, releaseUrl, stamp } from "./testing/made.ts";

interface Step {
  readonly run?: string;
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const workflow = await readFile(here("../.github/workflows/images.yml"), "utf8");
const { jobs } = parseYaml(workflow).value as {
  readonly jobs: { readonly publish: { steps: readonly Step[] } };
};
const signingKey = newKey().privateKey;
/** `npm run images -- …` is the program of this checkout, wherever it is called. */
const npm = `#!/bin/sh\n[ "$1" = ci ] || { shift 3; exec "$HAVERSACK_NODE" "$HAVERSACK_IMAGES" "$@"; }\n`;

/** A runner: what the builds left is in `out`, tools are first in its PATH. */
async function runner(folder: string) {
  for (const name of ["out", "bin", "temp", "github"]) await mkdir(join(folder, name));
  for (const arch of arches) await made(join(folder, "out"), arch);
  await writeFile(join(folder, "bin/npm"), npm, { mode: 0o755 });
  await symlink(here("testing/gh.sh"), join(folder, "bin/gh"));
  const env = {
    ...process.env,
    PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
    HAVERSACK_NODE: process.execPath,
    HAVERSACK_IMAGES: here("main.ts"),
    RUNNER_TEMP: join(folder, "temp"),
    GH_STATE: join(folder, "github"),
    SIGNING_KEY: signingKey.trim(),
    STAMP: stamp,
    URL: releaseUrl,
  };
  /** What the first command that failed said; undefined: none did. */
  return (more: Readonly<Record<string, string>> = {}): string | undefined => {
    for (const { run } of jobs.publish.steps) {
      if (run === undefined) continue;
      const script = ["-e", "-o", "pipefail", "-c", run];
      const { status, stderr } = spawnSync("bash", script, {
        cwd: folder,
        env: { ...env, ...more },
        encoding: "utf8",
      });
      if (status !== 0) return `${run}\n${stderr}`;
    }
    return undefined;
  };
}

test("a release is public once all of it was read back; a try that failed is begun anew, one that did not is kept", async () => {
  await using folder = await tempFolder();
  const run = await runner(folder.path);
  const release = join(folder.path, "github", `images-${stamp}`);
  const isDraft = async () => (await readFile(`${release}.draft`, "utf8")).trim();

  expect(run({ GH_SPOIL: `base-${stamp}-runtime.tar.gz` })).toMatch(
    /images -- verify[^]*runtime\.tar\.gz is /,
  );
  expect([await isDraft(), (await readdir(release)).filter((name) => name.startsWith("images"))]).toEqual([
    "true",
    [],
  ]);

  for (const left of ["release", "again"]) spawnSync("rm", ["-r", join(folder.path, left)]);
  expect(run()).toBeUndefined();
  expect([await isDraft(), await readdir(release)]).toEqual([
    "false",
    await readdir(join(folder.path, "release")),
  ]);
  expect(await readdir(join(folder.path, "temp"))).toEqual(["key.pub"]);
  const log = (await readFile(join(folder.path, "github/log"), "utf8")).trim().split("\n");
  expect(log.slice(-2)).toEqual(["upload release/images.json", "edit --draft=false"]);

  expect(run()).toMatch(/is published already: choose a new stamp/);
}, 30_000);
