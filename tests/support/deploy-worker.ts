/** A worker without an engine that says that it has one: it speaks the real session, and its containers are rows of a list. */

import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { present } from "@haversack/base";
import {
  type AttemptRef,
  type AttemptResult,
  type ContainerEngine,
  type DeploymentLogOrder,
  type DeploymentReport,
  type DeployWork,
  type Downward,
  grpcMethods,
  type ObservedDeployment,
  parseBootId,
  parseWorkerId,
  refKey,
  type Task,
  type Upward,
  type WorkerId,
  WorkerService,
} from "@haversack/protocol";
import { plainHello } from "../../packages/protocol/src/testing/plain-hello.ts";
import type { Access } from "../../packages/worker/src/identity/access.ts";
import { Connection, type Stream } from "../../packages/worker/src/session/dial.ts";
import { joinedAccess } from "../../packages/worker/src/testing/open-access.ts";
import { dockerInfo } from "./docker-info.ts";

/** What becomes of a task; undefined: nothing is said. */
export type Deploying = (work: DeployWork, task: Task) => Partial<AttemptResult> | undefined;

export class DeployWorker implements AsyncDisposable {
  readonly id: WorkerId;
  readonly name: string;
  /** What its host has. */
  readonly containers = new Map<string, ObservedDeployment>();
  /** Deploys that it was given, in order. */
  readonly works: DeployWork[] = [];
  readonly told: Downward[] = [];
  deploying: Deploying = (work) => this.usual(work);
  /** What a log has; follows until it is ended when there is no more. */
  log: (order: DeploymentLogOrder) => readonly string[] = () => [];
  readonly logsEnded: number[] = [];
  readonly #url: string;
  readonly #access: Access;
  readonly #engine: ContainerEngine | undefined;
  readonly #waiting = new Set<() => void>();
  readonly #held = new Map<string, AttemptRef>();
  #boot = 0;
  #granted = 0;
  #beats: NodeJS.Timeout | undefined;
  #stream: Stream | undefined;
  #reading: Promise<void> = Promise.resolve();
  readonly #logCalls = new Map<number, () => void>();

  private constructor(asked: { url: string; name: string; engine?: ContainerEngine }, access: Access) {
    this.id = parseWorkerId(`id-of-${asked.name}`);
    this.name = asked.name;
    this.#url = asked.url;
    this.#engine = asked.engine;
    this.#access = access;
  }

  static async join(
    url: string,
    token: string,
    name: string,
    engine: ContainerEngine | undefined = dockerInfo,
  ): Promise<DeployWorker> {
    const access = await joinedAccess(url, parseWorkerId(`id-of-${name}`), token);
    const worker = new DeployWorker({ url, name, ...(engine === undefined ? {} : { engine }) }, access);
    await worker.dial();
    return worker;
  }

  /** Resolves when it was welcomed; as another process when it was killed before. */
  async dial(): Promise<void> {
    await this.hangUp();
    const connection = new Connection([new URL(this.#url)], this.#access);
    const stream = connection.session();
    this.#stream = stream;
    this.#boot += 1;
    this.told.length = 0;
    this.#held.clear();
    this.#reading = this.#read(stream).finally(() => connection.close());
    stream.send({
      kind: "hello",
      hello: plainHello(this.id, {
        bootId: parseBootId(`boot-${this.#boot}-of-${this.name}`),
        name: this.name,
        labels: new Map([["zone", this.name]]),
        slots: 4,
        ...(this.#engine === undefined ? {} : { engine: this.#engine }),
      }),
    });
    await this.until((told) => told.kind === "welcome");
    this.#granted = 4;
    this.send({ kind: "credits", grantedTotal: this.#granted, closed: false });
    let seq = 0;
    this.#beats = setInterval(() => {
      const held = [...this.#held.values()];
      seq += 1;
      this.send({ kind: "heartbeat", seq, held, snapshotsAdded: [], snapshotsEvicted: [] });
    }, 200);
  }

  /** As a process that is killed: it says nothing any more. */
  async hangUp(): Promise<void> {
    clearInterval(this.#beats);
    this.#stream?.close();
    await this.#reading;
  }

  send(message: Upward): void {
    present(this.#stream, "a session").send(message);
  }

  /** Tells what it has. */
  observe(unavailable?: string): void {
    const deployments = [...this.containers.values()];
    this.send({ kind: "deployments", deployments, ...(unavailable === undefined ? {} : { unavailable }) });
  }

  /** The first message that matches, from the beginning of the session on. */
  async until(matches: (told: Downward) => boolean): Promise<Downward> {
    for (;;) {
      const found = this.told.find(matches);
      if (found !== undefined) return found;
      await this.#next();
    }
  }

  async deploys(count: number): Promise<readonly DeployWork[]> {
    while (this.works.length < count) await this.#next();
    return this.works;
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** As an engine does it that never fails. */
  usual(work: DeployWork): Partial<AttemptResult> {
    const key = `hv-${work.name}-${work.revision}`;
    if (work.absent) {
      for (const [id, { name }] of this.containers) if (name === work.name) this.containers.delete(id);
      return { deployment: this.report(work, "removed") };
    }
    const before = this.containers.get(key);
    const isSame = before?.spec === work.spec && before.state === "running";
    if (work.replaces !== undefined) this.containers.delete(`hv-${work.name}-${work.replaces}`);
    const { name, revision, spec } = work;
    this.containers.set(key, { name, revision, spec, container: key, state: "running", busy: false });
    const outputs = new Map<string, string>([
      ["id", key],
      ["host", this.name],
      ["url", "http://127.0.0.1:8080"],
      ["image", work.image],
      ["path", "build"],
    ]);
    return { outputs, deployment: this.report(work, isSame ? "unchanged" : "started") };
  }

  report(
    work: DeployWork,
    effect: DeploymentReport["effect"],
    more: Partial<DeploymentReport> = {},
  ): DeploymentReport {
    const { name, revision, spec } = work;
    return {
      name,
      revision,
      spec,
      effect,
      container: `hv-${name}-${revision}`,
      engine: "docker",
      path: "build",
      reason: "the base image is absent",
      fellBack: false,
      phases: [
        { name: "create", ms: 120 },
        { name: "build", ms: 2500 },
      ],
      host: this.name,
      ports: [{ containerPort: 8080, address: "127.0.0.1", hostPort: 8080 }],
      failures: [],
      ...more,
    };
  }

  finish(task: Task, more: Partial<AttemptResult>): void {
    this.#held.delete(refKey(task.ref));
    const result = {
      ref: task.ref,
      outcome: "succeeded",
      outputs: new Map(),
      artifacts: [],
      logs: [],
      ...more,
    } as const;
    this.send({ kind: "results", results: [result] });
    this.#granted += 1;
    this.send({ kind: "credits", grantedTotal: this.#granted, closed: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hangUp();
  }

  #take(task: Task): void {
    if (task.work.kind !== "deploy") throw new Error("this worker only deploys");
    this.works.push(task.work);
    this.#held.set(refKey(task.ref), task.ref);
    this.send({ kind: "started", refs: [task.ref] });
    const more = this.deploying(task.work, task);
    if (more !== undefined) this.finish(task, more);
  }

  async #read(stream: Stream): Promise<void> {
    try {
      for await (const message of stream.messages) {
        this.told.push(message);
        if (message.kind === "tasks") for (const task of message.tasks) this.#take(task);
        if (message.kind === "removeContainers")
          for (const { container } of message.containers) this.containers.delete(container);
        if (message.kind === "deploymentLog") this.#logOrder(message.order);
        for (const wake of this.#waiting) wake();
        this.#waiting.clear();
      }
    } catch {
      // The coordinator went away: the test dials again.
    }
  }

  #logOrder(order: DeploymentLogOrder): void {
    if (order.end) {
      this.logsEnded.push(order.id);
      this.#logCalls.get(order.id)?.();
      return;
    }
    void this.sendLog(order.id, this.log(order), !order.follow);
  }

  /** @returns the code with which the call ended */
  async sendLog(id: number, lines: readonly string[], ends: boolean): Promise<string> {
    const method = grpcMethods(WorkerService).sendDeploymentLog;
    const { input } = WorkerService.method.sendDeploymentLog;
    const { target, credentials } = this.#access.channel(new URL(this.#url));
    const client = new grpc.Client(target, credentials);
    const ended = Promise.withResolvers<string>();
    const call = client.makeClientStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      this.#access.metadata(),
      (error) => ended.resolve(error === null ? "OK" : (grpc.status[error.code] ?? "")),
    );
    this.#logCalls.set(id, () => call.end());
    for (const line of lines) call.write(create(input, { id: BigInt(id), data: Buffer.from(line) }));
    if (lines.length === 0) call.write(create(input, { id: BigInt(id) }));
    if (ends) call.end();
    const code = await ended.promise;
    client.close();
    return code;
  }
}
