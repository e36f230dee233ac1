/**
 * The coordinator's end, `FOLDER` of a specimen: the product's server and its end of a link, with no store behind it.
 * Answers with its address; ends with its standard input.
 */

import { once } from "node:events";
import type { ServiceImpl } from "@connectrpc/connect";
import { FaultError, systemClock } from "@haversack/base";
import {
  digestOfBytes,
  downwardToWire,
  parseGeneration,
  parseRunId,
  parseStepId,
  type SnapshotDescriptor,
  type Task,
  type Upward,
  upwardFromWire,
  WorkerService,
} from "@haversack/protocol";
import { authorize } from "../../../packages/coordinator/src/api/authorize.ts";
import { chunks } from "../../../packages/coordinator/src/api/snapshot-service.ts";
import { methodRules } from "../../../packages/coordinator/src/auth/permissions.ts";
import { WorkerLink } from "../../../packages/coordinator/src/dispatch/worker-link.ts";
import { createHandler } from "../../../packages/coordinator/src/http/handler.ts";
import { HttpServer } from "../../../packages/coordinator/src/http/server.ts";
import { readPack } from "../specimen.ts";
import { type Carriage, carriageLabel, type Listening } from "./rounds.ts";

const generation = parseGeneration("1-bench");
const runId = parseRunId("bench");

const { gzip, expected } = await readPack(process.argv[2] ?? "");
const { formatVersion, compressedSize, uncompressedSize } = expected;
const named: SnapshotDescriptor = {
  formatVersion,
  compressedSize,
  uncompressedSize,
  digest: digestOfBytes(expected.digest),
};
const snapshots: Readonly<Record<Carriage, SnapshotDescriptor>> = {
  inline: { ...named, gzip },
  reference: named,
};

const service: Partial<ServiceImpl<typeof WorkerService>> = {
  async *session(requests, { signal }) {
    const messages = requests[Symbol.asyncIterator]();
    const next = async (): Promise<Upward | undefined> => {
      const { done, value } = await messages.next();
      return done === true ? undefined : upwardFromWire(value);
    };
    const first = await next();
    if (first?.kind !== "hello") throw new FaultError("invalid", "no_hello", "a session begins with hello");
    const link = new WorkerLink(first.hello, systemClock);
    signal.addEventListener("abort", () => link.end(), { once: true });
    void serve(link, next).catch(() => link.end());
    for await (const message of link.outgoing()) yield downwardToWire(message);
  },
  async *getSnapshot() {
    for (const data of chunks(gzip)) yield { data };
  },
};

/** As many tasks as the worker grants, as soon as it does. */
async function serve(link: WorkerLink, next: () => Promise<Upward | undefined>): Promise<void> {
  const times = { leaseTtlMs: 60_000, heartbeatIntervalMs: 20_000 };
  link.send({ kind: "welcome", welcome: { generation, coordinatorVersion: "bench", ...times } });
  link.greeted();
  const carriage = link.hello.labels.get(carriageLabel) === "inline" ? "inline" : "reference";
  let count = 0;
  for (let message = await next(); message !== undefined; message = await next()) {
    if (message.kind !== "credits") continue;
    link.grant(message.grantedTotal);
    link.sendTasks(Array.from({ length: link.credits }, () => task(++count, snapshots[carriage])));
  }
  link.end();
}

function task(index: number, snapshot: SnapshotDescriptor): Task {
  return {
    ref: { runId, stepId: parseStepId(`step-${index}`), generation, attempt: 1 },
    dagName: "bench",
    env: new Map([["PARAM_text", "to be or not to be"]]),
    inputs: [],
    artifacts: ["report.md"],
    outputs: ["summary"],
    work: { kind: "agent", prompt: "Read the files and write report.md.", snapshot },
  };
}

const worker = { kind: "file", id: "worker", role: "worker", name: "worker" } as const;
const server = new HttpServer(
  { host: "127.0.0.1", port: 0 },
  createHandler({
    routes: (router) => void router.service(WorkerService, service),
    interceptors: [
      authorize({ rules: methodRules([WorkerService]), authenticate: async () => worker }, systemClock),
    ],
    stopping: new AbortController().signal,
  }),
  systemClock,
);
await server.start();
const listening: Listening = { url: server.url };
process.stdout.write(`${JSON.stringify(listening)}\n`);
await once(process.stdin.resume(), "end");
await server.stop();
