/**
 * The container engines that tests run on: `.ci/run` starts them and names them. Without one its tests are skipped, which
 * the output says; where everything has to be tested (`CI=true`), that is a failure. A test that kills an engine starts
 * one of its own.
 */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe } from "vitest";
import { tempFolder } from "./temp-folder.ts";

export const engineKinds = ["docker", "podman", "lxd"] as const;
export type EngineKind = (typeof engineKinds)[number];

const variables = {
  docker: "TEST_DOCKER_HOST",
  podman: "TEST_PODMAN_HOST",
  lxd: "TEST_LXD_SOCKET",
} as const satisfies Record<EngineKind, string>;

/** `unix:///PATH` of Docker and Podman, a path of LXD. */
export function engineAddress(kind: EngineKind): string {
  const address = process.env[variables[kind]] ?? "";
  if (address !== "") return address;
  throw new Error(`${variables[kind]} is not set: with CI=true every engine has to be tested`);
}

/** The tests of `body`, where there is such an engine. */
export function withEngine(kind: EngineKind, name: string, body: () => void): void {
  const isSkipped = (process.env[variables[kind]] ?? "") === "" && process.env["CI"] !== "true";
  const told = `skipped: set ${variables[kind]} to run it, tests/support/engines/${kind}.sh starts one`;
  describe.skipIf(isSkipped)(isSkipped ? `${name} (${told})` : name, () => {
    body();
  });
}

export interface OwnEngine extends AsyncDisposable {
  readonly address: string;
  /** All of its state. */
  readonly folder: string;
  /** SIGKILL, as a power cut; its containers may live on. */
  kill(): Promise<void>;
  /** On what is left. */
  startAgain(): Promise<void>;
}

const run = promisify(execFile);

/**
 * For tests that take it away, or its disk.
 * @param prepare is done before it starts for the first time, with its folder
 */
export async function ownEngine(
  kind: EngineKind,
  prepare: (folder: string) => Promise<void> = async () => {},
): Promise<OwnEngine> {
  const folder = await tempFolder("hv-ce");
  const script = join(import.meta.dirname, `engines/${kind}.sh`);
  const place = join(folder.path, kind);
  const start = async () => (await run(script, ["start", place])).stdout.trim();
  await prepare(place);
  const address = await start();
  return {
    address,
    folder: place,
    async kill() {
      process.kill(Number(await readFile(join(place, "pid"), "utf8")), "SIGKILL");
    },
    async startAgain() {
      await start();
    },
    async [Symbol.asyncDispose]() {
      await run(script, ["stop", place]);
      await folder[Symbol.asyncDispose]();
    },
  };
}
