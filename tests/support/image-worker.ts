/** A worker that has no container engine but says that it has: it speaks the real session, and its images do what a test says. */

import { present } from "@haversack/base";
import {
  type ContainerEngine,
  type Digest,
  type Downward,
  type ImageAnswer,
  type ImageOrder,
  type ImageState,
  type ImageStatus,
  imageStatesInFlight,
  parseBootId,
  parseDigest,
  parseWorkerId,
  type Upward,
  type WorkerId,
} from "@haversack/protocol";
import { plainHello } from "../../packages/protocol/src/testing/plain-hello.ts";
import type { Access } from "../../packages/worker/src/identity/access.ts";
import { Connection, type Stream } from "../../packages/worker/src/session/dial.ts";
import { joinedAccess } from "../../packages/worker/src/testing/open-access.ts";
import { dockerInfo } from "./docker-info.ts";

export interface ImageWorkerAsked {
  readonly url: string;
  /** One that may join. */
  readonly token: string;
  readonly name: string;
  /** Undefined: it has none. */
  readonly engine?: Partial<ContainerEngine> | undefined;
}

export class ImageWorker implements AsyncDisposable {
  readonly id: WorkerId;
  readonly name: string;
  readonly table = new Map<Digest, ImageStatus>();
  /** What it was told, in order. */
  readonly told: Downward[] = [];
  readonly #engine: ContainerEngine | undefined;
  readonly #access: Access;
  readonly #waiting = new Set<() => void>();
  #boot = 1;
  #seq = 0;
  #stream: Stream | undefined;
  #reading: Promise<void> = Promise.resolve();
  /** In place of the usual answer to an order; undefined: none at all. */
  answer: (order: ImageOrder) => Omit<ImageAnswer, "id"> | undefined = (order) => this.usual(order);

  private constructor(asked: ImageWorkerAsked, id: WorkerId, access: Access) {
    this.id = id;
    this.name = asked.name;
    this.#access = access;
    this.#engine =
      "engine" in asked && asked.engine === undefined ? undefined : { ...dockerInfo, ...asked.engine };
  }

  static async join(asked: ImageWorkerAsked): Promise<ImageWorker> {
    const id = parseWorkerId(`id-of-${asked.name}`);
    const worker = new ImageWorker(asked, id, await joinedAccess(asked.url, id, asked.token));
    await worker.dial(asked.url);
    return worker;
  }

  /** Resolves when it was welcomed. */
  async dial(url: string): Promise<void> {
    await this.hangUp();
    const connection = new Connection([new URL(url)], this.#access);
    const stream = connection.session();
    this.#stream = stream;
    this.told.length = 0;
    this.#reading = this.#read(stream).finally(() => connection.close());
    stream.send({
      kind: "hello",
      hello: plainHello(this.id, {
        bootId: parseBootId(`boot-${this.#boot}-of-${this.name}`),
        name: this.name,
        images: [...this.table.values()],
        ...(this.#engine === undefined ? {} : { engine: this.#engine }),
      }),
    });
    await this.until((told) => told.kind === "welcome");
  }

  async hangUp(): Promise<void> {
    this.#stream?.close();
    await this.#reading;
  }

  /** As another process: it counts anew, and what was in flight begins again. */
  restart(): void {
    this.#boot += 1;
    this.#seq = 0;
    for (const status of this.table.values())
      if (imageStatesInFlight.has(status.state)) this.#put({ ...status, state: "queued" });
  }

  /** What became of one of its images; tells it. */
  says(digest: Digest, state: ImageState, more: Partial<ImageStatus> = {}): ImageStatus {
    const status = this.#put({ ...this.#known(digest), state, since: Date.now(), ...more });
    this.send({ kind: "images", statuses: [status] });
    return status;
  }

  send(message: Upward): void {
    present(this.#stream, "a session").send(message);
  }

  /** The first message that matches, from the beginning of the session on. */
  async until(matches: (told: Downward) => boolean): Promise<Downward> {
    for (;;) {
      const found = this.told.find(matches);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** As a worker does it. */
  usual({ ref, order }: ImageOrder): Omit<ImageAnswer, "id"> {
    const digest = this.#digestOf(ref);
    if (digest === undefined)
      return { resumed: false, refusal: { code: "unknown_image", message: `no image ${ref}` } };
    const before = this.#known(digest);
    const inFlight = imageStatesInFlight.has(before.state);
    if (order.kind === "look") return { resumed: false, status: this.#put(before) };
    if (order.kind === "cancel") {
      const ends = inFlight || before.state === "failed";
      const status = ends ? this.#put({ ...before, state: "cancelled", cancelledBy: order.by }) : before;
      return { resumed: false, status };
    }
    if (inFlight || before.state === "ready") return { resumed: inFlight, status: before };
    const { failure: _f, progress: _p, ...rest } = before;
    return { resumed: false, status: this.#put({ ...rest, state: "queued", attempt: 1, cause: "operator" }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hangUp();
  }

  #known(digest: Digest): ImageStatus {
    const absent = { digest, ref: "base", state: "absent", attempt: 0, asked: [], seq: 0, since: 1 } as const;
    return this.table.get(digest) ?? absent;
  }

  #put(status: ImageStatus): ImageStatus {
    this.#seq += 1;
    const numbered = { ...status, seq: this.#seq };
    this.table.set(status.digest, numbered);
    return numbered;
  }

  /** `base` is what the last description says for its engine. */
  #digestOf(ref: string): Digest | undefined {
    if (ref !== "base") return parseDigest(ref.slice(ref.lastIndexOf("@") + 1));
    const base = this.told.findLast((told) => told.kind === "baseImage")?.base;
    return base?.arches.get(this.#engine?.arch === "aarch64" ? "arm64" : "x64")?.oci?.sha256;
  }

  async #read(stream: Stream): Promise<void> {
    try {
      for await (const message of stream.messages) {
        this.told.push(message);
        for (const wake of this.#waiting) wake();
        this.#waiting.clear();
        if (message.kind !== "imageOrder") continue;
        const answer = this.answer(message.order);
        if (answer !== undefined)
          stream.send({ kind: "imageAnswer", answer: { id: message.order.id, ...answer } });
      }
    } catch {
      // The coordinator went away: the test dials again.
    }
  }
}
