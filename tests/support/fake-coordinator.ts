/** A coordinator that says what a test tells it to: the real protocol, none of the rules. */

import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  type AttemptRef,
  type AttemptResult,
  type Downward,
  downwardToWire,
  EnrollmentService,
  parseGeneration,
  parseRunId,
  parseStepId,
  type Task,
  type Upward,
  upwardFromWire,
  WorkerService,
} from "@haversack/protocol";

export class FakeCoordinator implements AsyncDisposable {
  readonly url: string;
  readonly #close: () => Promise<void>;
  readonly #outbox: Downward[] = [];
  readonly #results = new Map<string, PromiseWithResolvers<AttemptResult>>();
  #wake: () => void = () => {};

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async start(): Promise<FakeCoordinator> {
    // oxlint-disable-next-line prefer-const -- the server needs the object that needs the server's address
    let fake: FakeCoordinator;
    const adapter = connectNodeAdapter({
      routes: (router) =>
        router
          .service(EnrollmentService, { join: () => ({}) })
          .service(WorkerService, { session: (requests) => fake.#serve(requests) }),
    });
    const server = createServer(adapter);
    const sessions = new Set<{ destroy(): void }>();
    server.on("session", (session) => sessions.add(session));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    fake = new FakeCoordinator(`http://127.0.0.1:${port}`, async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    });
    return fake;
  }

  /** Gives the task to the worker and waits for its result. */
  async run(task: Task): Promise<AttemptResult> {
    const result = this.#resultOf(task.ref);
    this.#send({ kind: "tasks", tasks: [task] });
    return await result.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  #send(message: Downward): void {
    this.#outbox.push(message);
    this.#wake();
  }

  #resultOf({ stepId }: AttemptRef): PromiseWithResolvers<AttemptResult> {
    const known = this.#results.get(stepId) ?? Promise.withResolvers<AttemptResult>();
    this.#results.set(stepId, known);
    return known;
  }

  async *#serve(requests: AsyncIterable<Parameters<typeof upwardFromWire>[0]>) {
    const hear = async (): Promise<void> => {
      for await (const wire of requests) this.#hear(upwardFromWire(wire));
    };
    hear().catch(() => {});
    const generation = parseGeneration("1-fake");
    const times = { leaseTtlMs: 60_000, heartbeatIntervalMs: 10_000 };
    yield downwardToWire({ kind: "welcome", welcome: { generation, coordinatorVersion: "fake", ...times } });
    for (;;) {
      const message = this.#outbox.shift();
      if (message !== undefined) yield downwardToWire(message);
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #hear(message: Upward | undefined): void {
    if (message?.kind === "logs") {
      const acks = message.chunks.map(({ ref, stream, offset, data }) => ({
        ref,
        stream,
        nextOffset: offset + data.length,
      }));
      this.#send({ kind: "logAcks", acks });
    }
    if (message?.kind !== "results") return;
    this.#send({ kind: "resultAcks", refs: message.results.map(({ ref }) => ref) });
    for (const result of message.results) this.#resultOf(result.ref).resolve(result);
  }
}

export function attemptRef(step: string): AttemptRef {
  return {
    runId: parseRunId("run-1"),
    stepId: parseStepId(step),
    generation: parseGeneration("1-fake"),
    attempt: 1,
  };
}
