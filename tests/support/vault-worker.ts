/** The images of a worker that has joined a coordinator, on an engine in memory, with a password that stands in the vault. */

import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Log, systemClock, systemRandom } from "@haversack/base";
import { parseWorkerId, type Upward } from "@haversack/protocol";
import { openImages } from "../../packages/worker/src/images/open-images.ts";
import { Connection } from "../../packages/worker/src/session/dial.ts";
import { fakeRuntime } from "../../packages/worker/src/testing/fake-runtime.ts";
import { plainSettings } from "../../packages/worker/src/testing/images-world.ts";
import { joinedAccess } from "../../packages/worker/src/testing/open-access.ts";
import type { Fleet } from "./fleet.ts";

/** @param told what it says and logs is added to it */
export async function vaultWorker(fleet: Fleet, host: string, told: string[]) {
  const token = (await readFile(join(fleet.data, "worker.token"), "utf8")).trim();
  const id = parseWorkerId("w");
  const connection = new Connection([new URL(fleet.url)], await joinedAccess(fleet.url, id, token));
  const note = (...all: unknown[]): void => void told.push(JSON.stringify(all));
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const runtime = fakeRuntime();
  const pulls: unknown[] = [];
  const pull = runtime.pullImage.bind(runtime);
  const watched = Object.assign(runtime, {
    pullImage: async (...args: Parameters<typeof pull>) => {
      pulls.push(args[0].credentials);
      await pull(...args);
    },
  });
  const dataDir = join(fleet.folder, "w");
  await mkdir(dataDir);
  const opened = openImages({
    ports: { clock: systemClock, random: systemRandom, log },
    runtime: watched,
    kind: "docker",
    settings: {
      ...plainSettings("lazy"),
      credentials: new Map([[host, { username: "w", password: { secret: "pull" } }]]),
    },
    dataDir,
    hostEnv: new Map(),
    vault: connection,
    uplink: {
      onUp: () => () => {},
      send(message: Upward) {
        note(message);
        if (message.kind === "imagePermit") opened.take({ kind: "imagePermit", digest: message.digest });
      },
    },
    limits: { reserveBytes: 0 },
  });
  await opened.start();
  return {
    images: opened.images,
    connection,
    credentials: () => pulls,
    stop: async () => {
      await opened.stop();
      connection.close();
    },
  };
}
