/** Real processes on real files: killed in each state, two at once, and ended. */

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ImageStatus } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { type Behaviour, imageServer } from "../testing/image-server.ts";
import type { ImagesProgram } from "../testing/images-program.ts";

const program = new URL("../testing/images-program.ts", import.meta.url).pathname;

interface Started {
  readonly child: ChildProcess;
  readonly told: ImageStatus[];
  until(isSo: (status: ImageStatus) => boolean): Promise<void>;
}

function start(settings: ImagesProgram): Started {
  const child = spawn(process.execPath, [program, JSON.stringify(settings)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const told: ImageStatus[] = [];
  const waiting = new Set<() => void>();
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    told.push(JSON.parse(line) as ImageStatus);
    for (const look of waiting) look();
  });
  return {
    child,
    told,
    async until(isSo) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const look = (): void => void (told.some(isSo) && resolve());
      waiting.add(look);
      child.once("exit", () => reject(new Error(`it ended; it had told ${JSON.stringify(told.at(-1))}`)));
      look();
      await promise;
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once("exit", resolve));
}

async function ground() {
  const folder = await tempFolder();
  const file = Buffer.alloc(8_000_000, "a larger image ");
  const server = await imageServer(file);
  const engineDir = join(folder.path, "engine");
  await mkdir(engineDir);
  const settings: ImagesProgram = {
    dataDir: join(folder.path, "data"),
    imagesDir: join(folder.path, "shared"),
    engineDir,
    url: server.url,
    digest: `sha256:${createHash("sha256").update(file).digest("hex")}`,
    size: file.length,
    permits: true,
  };
  return {
    server,
    file,
    settings,
    hold: join(engineDir, "hold"),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

interface Case {
  readonly state: ImageStatus["state"];
  readonly behaviour?: Behaviour;
  readonly isThen: (status: ImageStatus) => boolean;
  readonly permits?: boolean;
  readonly isHeld?: boolean;
}

const cases: readonly Case[] = [
  { state: "queued", permits: false, isThen: ({ why }) => why?.includes("leave") === true },
  { state: "resolving", behaviour: { kind: "silent" }, isThen: ({ state }) => state === "resolving" },
  {
    state: "downloading",
    behaviour: { kind: "stall", after: 3_000_000 },
    isThen: ({ progress }) => progress?.done === 3_000_000,
  },
  { state: "verifying", isHeld: true, isThen: ({ state }) => state === "verifying" },
  { state: "importing", isHeld: true, isThen: ({ state }) => state === "importing" },
];

describe("a worker", () => {
  test.each(cases)(
    "that is killed while an image is $state has it after a start, no byte twice",
    async (each) => {
      await using place = await ground();
      if (each.behaviour !== undefined) place.server.next.push(each.behaviour);
      if (each.isHeld === true) await writeFile(place.hold, "");
      const first = start({ ...place.settings, permits: each.permits ?? true });
      await first.until(each.isThen);
      if (each.state === "resolving") await place.server.asked(1);
      first.child.kill("SIGKILL");
      await ended(first.child);
      await rm(place.hold, { force: true });
      const second = start(place.settings);
      await second.until(({ state }) => state === "ready");
      expect(place.server.sentBytes).toBe(place.file.length);
      // What was under way is queued first: nothing is guessed.
      expect(second.told[0]?.state).toBe("queued");
      second.child.stdin?.end();
      await ended(second.child);
      expect(second.child.exitCode).toBe(0);
      expect(await readdir(place.settings.imagesDir)).toEqual(
        ["file"].map(() => `${place.settings.digest.slice(7)}.file`),
      );
    },
  );

  test("beside another one on its host waits for it, and finds the image at the engine: one download", async () => {
    await using place = await ground();
    place.server.next.push({ kind: "stall", after: 3_000_000 });
    const first = start({ ...place.settings, dataDir: `${place.settings.dataDir}-1` });
    await first.until(({ progress }) => progress?.done === 3_000_000);
    const second = start({ ...place.settings, dataDir: `${place.settings.dataDir}-2` });
    await second.until(({ why }) => why?.includes(`process ${first.child.pid} on this host`) === true);
    // The first is killed: the second goes on with what there is.
    first.child.kill("SIGKILL");
    await second.until(({ state }) => state === "ready");
    expect(place.server.sentBytes).toBe(place.file.length);
    const third = start({ ...place.settings, dataDir: `${place.settings.dataDir}-1` });
    await third.until(({ state }) => state === "ready");
    expect(place.server.sentBytes).toBe(place.file.length);
    for (const { child } of [second, third]) {
      child.stdin?.end();
      await ended(child);
    }
  });

  test("that is told to stop ends within two seconds and leaves no process", async () => {
    await using place = await ground();
    await writeFile(place.hold, "");
    const worker = start(place.settings);
    await worker.until(({ state }) => state === "importing");
    const began = performance.now();
    worker.child.stdin?.end();
    await ended(worker.child);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(worker.child.exitCode).toBe(0);
    expect(worker.told.at(-1)?.state).toBe("queued");
  });
});
