/**
 * The images of a worker as a process of its own, that a test kills. Its engine is a folder: an image is there when a file
 * has its name. It prints each status that it tells as a line of JSON, and ends when its input does.
 */

import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pause, silentLog, systemClock, systemRandom } from "@haversack/base";
import { parseDigest } from "@haversack/protocol";
import { openImages } from "../images/open-images.ts";
import { fakeRuntime } from "./fake-runtime.ts";
import { baseOf, plainSettings } from "./images-world.ts";

export interface ImagesProgram {
  readonly dataDir: string;
  readonly imagesDir: string;
  readonly engineDir: string;
  readonly url: string;
  readonly digest: string;
  readonly size: number;
  readonly permits: boolean;
}

const settings = JSON.parse(process.argv[2] ?? "{}") as ImagesProgram;
const isThere = (name: string): Promise<boolean> =>
  access(join(settings.engineDir, name)).then(
    () => true,
    () => false,
  );
const engine = fakeRuntime();
const runtime: typeof engine = Object.assign(engine, {
  inspectImage: async ({ id }: { readonly id: string }) =>
    (await isThere(id)) ? ({ kind: "present", id } as const) : ({ kind: "absent" } as const),
  async importImage(_file: string, { id }: { readonly id: string }, _progress: unknown, signal: AbortSignal) {
    while (await isThere("hold")) await pause(systemClock, 20, signal);
    await writeFile(join(settings.engineDir, id), "");
  },
});
const opened = openImages({
  ports: { clock: systemClock, random: systemRandom, log: silentLog },
  runtime,
  kind: "docker",
  settings: { ...plainSettings("lazy"), folder: settings.imagesDir },
  dataDir: settings.dataDir,
  hostEnv: new Map(),
  uplink: {
    onUp: () => () => {},
    send(message) {
      if (message.kind === "images")
        for (const status of message.statuses) process.stdout.write(`${JSON.stringify(status)}\n`);
      if (message.kind === "imagePermit" && settings.permits)
        opened.take({ kind: "imagePermit", digest: message.digest });
    },
  },
});
const base = baseOf(parseDigest(settings.digest), [settings.url], settings.size);
await opened.start();
while (opened.images.baseFor(base) === undefined) await pause(systemClock, 5, new AbortController().signal);
opened.take({ kind: "baseImage", base });
const image = opened.images.baseFor(base);
if (image !== undefined) opened.images.ensure(image, "deploy", "r/deploy");
process.stdin.resume();
process.stdin.on("end", () => void opened.stop());
