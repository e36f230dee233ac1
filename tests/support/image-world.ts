/** A real coordinator that knows a base image, on a folder and a port that stay over its restarts; and readers of its streams. */

import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, silentLog, systemClock, systemRandom } from "@haversack/base";
import { type Coordinator, createCoordinator } from "@haversack/coordinator";
import { createClient, type Digest, type HaversackClient, parseDigest } from "@haversack/protocol";
import { digestOf } from "@haversack/snapshot";
import { ImageWorker, type ImageWorkerAsked } from "./image-worker.ts";
import { tempFolder } from "./temp-folder.ts";

const noSignal = new AbortController().signal;
const recipe = "#!/bin/sh\nexit 0\n";
const hex = (digest: string): string => digest.slice("sha256:".length);

/** What `base` means on a worker with Docker and x64, under a stamp. */
export const baseDigest = (stamp: string): Digest => parseDigest(digestOf(`base ${stamp}`));

export const imagesJson = (stamp: string) => ({
  format: "haversack-images",
  version: 1,
  name: "base",
  stamp,
  recipe: digestOf(recipe),
  arches: {
    x64: {
      oci: {
        urls: ["file:///srv/base.oci.tar"],
        sha256: hex(baseDigest(stamp)),
        size: 1000,
        unpacked: 3000,
        imageId: digestOf(`id of ${stamp}`),
      },
    },
  },
});

export class ImageWorld implements AsyncDisposable {
  readonly folder: string;
  readonly #remove: () => PromiseLike<void>;
  readonly #more: Readonly<Record<string, unknown>>;
  readonly #clock: Clock;
  readonly #workers: ImageWorker[] = [];
  #coordinator: Coordinator | undefined;
  #listen = "127.0.0.1:0";

  private constructor(folder: string, remove: () => PromiseLike<void>, more: object, clock: Clock) {
    this.folder = folder;
    this.#remove = remove;
    this.#more = { ...more };
    this.#clock = clock;
  }

  /**
   * @param more options of the coordinator
   * @param blobs folder of artifacts that it shares with another one
   */
  static async start(more: object = {}, blobs?: string, clock: Clock = systemClock): Promise<ImageWorld> {
    const folder = await tempFolder("haversack-images");
    const world = new ImageWorld(folder.path, () => folder[Symbol.asyncDispose](), more, clock);
    if (blobs !== undefined) {
      await mkdir(join(world.folder, "data"), { mode: 0o700 });
      await symlink(blobs, join(world.folder, "data/blobs"));
    }
    await world.publish("1");
    await writeFile(join(world.folder, "recipe.sh"), recipe);
    await world.startCoordinator();
    return world;
  }

  async publish(stamp: string): Promise<void> {
    await writeFile(join(this.folder, "images.json"), JSON.stringify(imagesJson(stamp)));
  }

  async startCoordinator(): Promise<void> {
    const asked = {
      dataDir: join(this.folder, "data"),
      listen: this.#listen,
      agentsDir: join(import.meta.dirname, "../../examples/agents"),
      images: join(this.folder, "images.json"),
      imagesUnsigned: true,
      ...this.#more,
    };
    const ports = { clock: this.#clock, random: systemRandom, log: silentLog };
    const coordinator = createCoordinator(asked, {}, ports);
    await coordinator.start(noSignal);
    this.#coordinator = coordinator;
    this.#listen = new URL(coordinator.url).host;
  }

  async stopCoordinator(): Promise<void> {
    await this.#coordinator?.stop("now");
  }

  get url(): string {
    return `http://${this.#listen}`;
  }

  async token(role: "admin" | "worker"): Promise<string> {
    return (await readFile(join(this.folder, "data", `${role}.token`), "utf8")).trim();
  }

  async client(): Promise<HaversackClient> {
    return createClient({ url: this.url, token: await this.token("admin") });
  }

  async worker(name: string, more: Partial<ImageWorkerAsked> = {}): Promise<ImageWorker> {
    const asked = { url: this.url, token: await this.token("worker"), name, ...more };
    const worker = await ImageWorker.join(asked);
    this.#workers.push(worker);
    return worker;
  }

  /** A request by plain HTTP. @param token empty: none */
  async http(method: string, path: string, token?: string, body?: string): Promise<Response> {
    const held = token ?? (await this.token("admin"));
    const headers = held === "" ? {} : { authorization: `Bearer ${held}` };
    return await fetch(`${this.url}/v1/workers/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) await worker.hangUp();
    await this.stopCoordinator();
    await this.#remove();
  }
}

export interface Frame {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Frames as they come, comments left out; ends when the connection does, however that is. */
export async function* framesOf(response: Response): AsyncIterable<Frame> {
  let text = "";
  try {
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString("utf8");
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const fields = new Map(
          block
            .split("\n")
            .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
        );
        const data = fields.get("data");
        if (data === undefined) continue;
        const parsed = JSON.parse(data) as Record<string, unknown>;
        yield { id: fields.get("id"), event: fields.get("event") ?? "", data: parsed };
      }
    }
  } catch {
    // Cut off: a reader comes back.
  }
}
