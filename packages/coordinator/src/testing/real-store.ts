/** The embedded engine on a folder of its own, for a whole test file: opening it takes a while. */

import { systemRandom } from "@haversack/base";
import {
  type AttemptRef,
  type DagSpec,
  parseRunId,
  type RunId,
  type StepSpec,
  type WorkerHello,
} from "@haversack/protocol";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { openSqliteLogStore, openSqliteStore } from "../store/sqlite-store.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";
import { digestOf } from "./packs.ts";

export async function openRealStores() {
  const folder = await tempFolder();
  const [store, logs] = await Promise.all([openSqliteStore(folder.path), openSqliteLogStore(folder.path)]);

  const submit = (now: number, ...steps: StepSpec[]): Promise<RunId> => submitWith([], now, ...steps);

  /** The first steps get these packs, one each. */
  async function submitWith(packs: readonly StoredPack[], now: number, ...steps: StepSpec[]): Promise<RunId> {
    const dag: DagSpec = { name: "demo", params: {}, env: {}, steps };
    const { runId } = await store.write.runSubmit({
      id: parseRunId(systemRandom.id()),
      dagDigest: digestOf(JSON.stringify(dag)),
      dag,
      source: "",
      params: {},
      bodyDigest: digestOf("body"),
      now,
      steps: steps.map((_, index) => ({ labels: {}, ...pinned(packs[index]) })),
      packs,
    });
    return runId;
  }

  /** Hands the step to the worker, by position. */
  async function claim(runId: RunId, index: number, hello: WorkerHello, now: number): Promise<AttemptRef> {
    const { workerId, bootId } = hello;
    const { generation } = store;
    const lease = { leaseUntil: now + 30_000, now };
    const claims = [{ runId, index, workerId, bootId }];
    const [claimed] = await store.write.stepsTake({ claims, generation, ...lease });
    if (claimed === undefined) throw new Error("the step was not ready");
    return { runId, stepId: claimed.stepId, attempt: claimed.attempt, generation };
  }

  async function phases(runId: RunId): Promise<string> {
    const run = await store.read.runRead({ id: runId });
    return [run.status, ...run.steps.map(({ id, phase }) => `${id}=${phase}`)].join(" ");
  }

  async function close(): Promise<void> {
    await store[Symbol.asyncDispose]();
    await logs[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  }
  return { store, logs, submit, submitWith, claim, phases, close };
}

export type RealStores = Awaited<ReturnType<typeof openRealStores>>;

function pinned(pack: StoredPack | undefined) {
  return pack === undefined ? {} : { pinDigest: pack.digest, snapshotDigest: pack.digest };
}
