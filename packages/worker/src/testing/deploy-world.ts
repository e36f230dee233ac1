/** Deploys on a container engine in memory, with folders on a real disk. */

import { hash } from "node:crypto";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { type Clock, systemClock } from "@haversack/base";
import type { DeployWork, Digest, ImageRecipe } from "@haversack/protocol";
import { fakePorts } from "../../../../tests/support/fake-clock.ts";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import type { Deploy } from "../deploy/parts.ts";
import { timePhases } from "../deploy/phases.ts";
import { secretFiles } from "../deploy/secret-files.ts";
import type { ContainerBehaviour, ContainerScript } from "./fake-containers.ts";
import { type FakeRuntimeSettings, fakeRuntime } from "./fake-runtime.ts";
import { scriptedImages } from "./scripted-images.ts";

const script = new TextEncoder().encode("#!/bin/sh\ntrue\n");
export const recipe: ImageRecipe = {
  digest: `sha256:${hash("sha256", script)}` as Digest,
  script,
  fallbackImage: `registry.example/debian@sha256:${"d".repeat(64)}`,
};
export const specOf = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;
export const goodProof = JSON.stringify({
  format: "haversack-base",
  version: 1,
  stamp: "2026.11.1",
  recipe: recipe.digest,
  arch: "x64",
});

export const deployWork = (more: Partial<DeployWork> = {}): DeployWork => ({
  kind: "deploy",
  name: "web",
  revision: 1,
  spec: specOf("1"),
  absent: false,
  removeVolumes: false,
  cluster: "fleet-a",
  image: "base",
  command: [],
  env: new Map([["LEVEL", "debug"]]),
  ports: [8080],
  restart: "always",
  resources: {},
  volumes: [],
  startFirst: false,
  rollback: true,
  waitForImageMs: 0,
  base: { stamp: "2026.11.1", recipe: recipe.digest, arches: new Map([["x64", {}]]) },
  recipe,
  restore: false,
  ...more,
});

/** Answers as a provisioned container does: on the build path once the recipe has run. */
export function goodBehaviour(more: ContainerBehaviour = {}): ContainerScript {
  return (spec) => {
    const isBuild = spec.labels.get("haversack.path") === "build";
    let provisioned = !isBuild;
    return {
      exec: ({ argv, onOutput }) => {
        if (argv[0] === "/bin/sh") {
          provisioned = true;
          onOutput?.(new TextEncoder().encode("haversack phase check\n"));
          return { exitCode: 0 };
        }
        if (argv[0] !== "/bin/cat") return { exitCode: 0 };
        return provisioned ? { exitCode: 0, output: goodProof } : { exitCode: 1 };
      },
      ...more,
    };
  };
}

/** Time passes by itself: whoever waits goes on with the next turn, and both clocks say that so long has passed. */
export function hastyClock(): Clock {
  let passed = 0;
  return {
    now: () => 1_700_000_000_000 + passed,
    monotonic: () => passed,
    after(ms, call) {
      let cancelled = false;
      setImmediate(() => {
        if (cancelled) return;
        passed += ms;
        call();
      });
      return { cancel: () => (cancelled = true) };
    },
  };
}

export async function deployWorld(
  script: ContainerScript = goodBehaviour(),
  clock: Clock = hastyClock(),
  info: FakeRuntimeSettings["info"] = {},
) {
  const folder = await tempFolder();
  // A real memory file system, of this world alone.
  const memory = await mkdtemp("/dev/shm/haversack-test-");
  const path = await realpath(folder.path);
  const engine = fakeRuntime({ script: (spec) => world.script(spec), clock: systemClock, info: info ?? {} });
  engine.images.set("debian-image", { id: "debian-image", arch: "x64" });
  const images = scriptedImages((ref) => (ref === recipe.fallbackImage ? "debian-image" : "their-image"));
  const notes: string[] = [];
  const output: Buffer[] = [];
  const ending = new AbortController();
  const files = secretFiles([memory]);
  const world = {
    folder: path,
    engine,
    images,
    notes,
    output,
    ending,
    script,
    addBase(): void {
      engine.images.set("base-image", { id: "base-image", arch: "x64", stamp: "2026.11.1" });
      images.imageId = "base-image";
    },
    deploy: async (work: DeployWork, more: Partial<Deploy> = {}): Promise<Deploy> => ({
      ports: fakePorts(clock),
      settings: {
        engine: "docker",
        publishAddress: "127.0.0.1",
        takes: "all",
        bounds: { cpuMillis: 1000, memoryBytes: 512 * 1024 ** 2, pids: 512 },
      },
      workerId: "w-1",
      dataFolder: path,
      secretFiles: files,
      recipeEnv: new Map(),
      sockets: [],
      runtime: engine,
      info: await engine.describe(new AbortController().signal),
      images,
      work,
      attempt: "run/step.1",
      secrets: new Map(),
      packFile: undefined,
      phases: timePhases(clock),
      note: (text) => void notes.push(text),
      output: (data) => void output.push(Buffer.from(data)),
      signal: ending.signal,
      ...more,
    }),
    /** Names of the containers that there are, and whether they run. */
    standing: (): string[] =>
      [...engine.containers.values()].map(({ view }) => `${view.name} ${view.state}`).toSorted(),
    [Symbol.asyncDispose]: async () => {
      await rm(memory, { recursive: true, force: true });
      await folder[Symbol.asyncDispose]();
    },
  };
  return world;
}
