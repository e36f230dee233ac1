/** The images of a worker beside a container engine in memory and a server of one image, with a clock that the test moves. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { silentLog } from "@haversack/base";
import type { BaseImage, Digest, ImageState, ImageStatus, PrefetchPolicy, Upward } from "@haversack/protocol";
import { FakeClock, fakeRandom, turns } from "../../../../tests/support/fake-clock.ts";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import type { ImageSettings } from "../config/image-settings.ts";
import type { SpaceOf } from "../images/disk.ts";
import type { WantedImage } from "../images/images.ts";
import { type OpenedImages, openImages } from "../images/open-images.ts";
import { type FakeRuntime, type FakeRuntimeSettings, fakeRuntime } from "./fake-runtime.ts";
import { type ImageServer, imageServer } from "./image-server.ts";

export interface ImagesWorldOptions {
  readonly policy?: PrefetchPolicy;
  readonly settings?: Partial<ImageSettings>;
  readonly runtime?: FakeRuntimeSettings;
  readonly spaceOf?: SpaceOf;
  /** What stays free; as in earnest when left out. */
  readonly reserveBytes?: number;
  readonly file?: Uint8Array;
  /** Of the worker; a fresh one when left out. */
  readonly dataDir?: string;
  /** In place of the server's own. */
  readonly urls?: (server: ImageServer) => readonly string[];
  /** The coordinator's leave comes at once, unless a test wants to give it. */
  readonly permits?: "at once" | "never";
  readonly stallMs?: number;
}

export interface ImagesWorld extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly runtime: FakeRuntime;
  readonly server: ImageServer;
  readonly file: Uint8Array;
  readonly digest: Digest;
  readonly base: BaseImage;
  readonly dataDir: string;
  readonly told: ImageStatus[];
  readonly sent: Upward[];
  readonly opened: OpenedImages;
  readonly image: WantedImage;
  readonly status: () => ImageStatus | undefined;
  /** Waits, without time passing, until the image is so. */
  readonly comes: (...states: readonly ImageState[]) => Promise<ImageStatus>;
  /** As a process that was killed and started again; what runs in the old one is stopped without a word. */
  readonly restart: () => Promise<void>;
}

function openIn(
  options: ImagesWorldOptions,
  {
    clock,
    runtime,
    dataDir,
    sent,
    told,
  }: Pick<ImagesWorld, "clock" | "runtime" | "dataDir" | "sent" | "told">,
): OpenedImages {
  const opened: OpenedImages = openImages({
    ports: { clock, random: fakeRandom(), log: silentLog },
    runtime,
    kind: "docker",
    settings: { ...plainSettings(options.policy ?? "lazy"), ...options.settings },
    dataDir,
    hostEnv: new Map(),
    uplink: {
      onUp: () => () => {},
      send(message) {
        sent.push(message);
        if (message.kind === "images") told.push(...message.statuses);
        if (message.kind === "imagePermit" && options.permits !== "never")
          opened.take({ kind: "imagePermit", digest: message.digest });
      },
    },
    limits: {
      spaceOf: options.spaceOf ?? (async () => ({ device: "one", freeBytes: 1e12, totalBytes: 2e12 })),
      stallMs: options.stallMs ?? 60_000,
      ...(options.reserveBytes !== undefined && { reserveBytes: options.reserveBytes }),
    },
  });
  return opened;
}

/** Turns the event loop until it is so: disks and threads take real time, and the clock of the world stands still. */
export async function comesTrue(
  isSo: () => boolean | Promise<boolean>,
  what: string | (() => string) = "what is waited for",
): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await isSo())) {
    if (performance.now() > deadline)
      throw new Error(`${typeof what === "string" ? what : what()} did not come`);
    await turns(1);
  }
}

export const imageId = `sha256:${"1d".repeat(32)}`;

export async function imagesWorld(options: ImagesWorldOptions = {}): Promise<ImagesWorld> {
  const folder = await tempFolder();
  const file = options.file ?? Buffer.alloc(300_000, "an image of sorts ");
  const server = await imageServer(file);
  const clock = new FakeClock();
  const runtime = fakeRuntime(options.runtime);
  const digest = `sha256:${createHash("sha256").update(file).digest("hex")}` as Digest;
  const urls = options.urls?.(server) ?? [server.url];
  const base = baseOf(digest, urls, file.length);
  const world = { sent: [] as Upward[], told: [] as ImageStatus[] };
  const dataDir = options.dataDir ?? join(folder.path, "data");
  const open = (): OpenedImages => openIn(options, { clock, runtime, dataDir, ...world });
  let opened = open();
  const begin = async (): Promise<void> => {
    await opened.start();
    await comesTrue(
      () => opened.engine().unavailable !== "the engine was not asked yet",
      "an answer of the engine",
    );
    opened.take({ kind: "baseImage", base });
  };
  await begin();
  const status = (): ImageStatus | undefined =>
    opened.images.statuses().find((each) => each.digest === digest);
  return {
    ...world,
    clock,
    runtime,
    server,
    file,
    digest,
    base,
    dataDir,
    get opened() {
      return opened;
    },
    get image() {
      const image = opened.images.baseFor(base);
      if (image === undefined) throw new Error("there is no image for this engine");
      return image;
    },
    status,
    async comes(...states) {
      await comesTrue(
        () => states.includes(status()?.state ?? "absent"),
        () => `${states.join(" or ")} (is ${JSON.stringify(status())})`,
      );
      return status() as ImageStatus;
    },
    async restart() {
      await opened.stop();
      opened = open();
      await begin();
    },
    async [Symbol.asyncDispose]() {
      await opened.stop();
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export const plainSettings = (policy: PrefetchPolicy): ImageSettings => ({
  prefetch: { policy, source: "default" },
  folder: undefined,
  bytesPerSecondMax: 0,
  use: true,
  source: "file",
  credentials: new Map(),
});

export const baseOf = (sha256: Digest, urls: readonly string[], size: number, id = imageId): BaseImage => ({
  stamp: "2026.11.1",
  recipe: `sha256:${"ec".repeat(32)}` as Digest,
  arches: new Map([["x64", { oci: { urls, sha256, size, unpacked: 2 * size, imageId: id } }]]),
});
