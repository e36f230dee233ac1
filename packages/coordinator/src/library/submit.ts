/**
 * From what a client sent to a stored run. Everything that can be checked is checked here, and all that is wrong is
 * told at once: YAML, shape, names, cycles, expressions, parameters, and every item that an agent step needs.
 */

import { FaultError, type Ports, sortedJson } from "@haversack/base";
import {
  type DagText,
  type Digest,
  type DotenvTexts,
  type JsonObject,
  parseRunId,
  type RunId,
  type RunLabels,
  type RunTrigger,
  type TraceContext,
  type Tracing,
} from "@haversack/protocol";
import { ParsedDags } from "../dag/parsed-dags.ts";
import type { Store } from "../store/store.ts";
import { checkHere } from "./check-limits.ts";
import { type PinnedDags, pinDags } from "./pin-dags.ts";
import { type Asked, contentOf, type Prepared } from "./prepare.ts";
import { Aside, largeCharactersMin } from "./prepare-aside.ts";
import { type ReadDag, readDag, sha256, storedDags } from "./reached-dags.ts";
import { refuseKeys } from "./refuse-keys.ts";
import type { Snapshots } from "./snapshots.ts";
import { type PlaceOf, underSpan } from "./traces.ts";

export interface Submission {
  /** Empty when a stored DAG is named. */
  readonly dag: string;
  /** A stored DAG, with the text that it has now; empty or absent when the DAG is carried along. */
  readonly dagName?: string;
  readonly fileName: string;
  readonly params: JsonObject;
  /** On top of those of the DAG. */
  readonly labels?: RunLabels;
  /** Of a DAG that is carried along. */
  readonly dotenv?: DotenvTexts;
  /** Empty: none. */
  readonly idempotencyKey: string;
  /** Absent: a person or a program asked for it. */
  readonly trigger?: RunTrigger;
  /** As which leader of several coordinators; absent: as none. */
  readonly term?: number;
  /** What the run hangs under; absent: the caller has no trace. */
  readonly caller?: TraceContext;
}

export interface Retry {
  readonly runId: RunId;
  /** Empty: only what did not succeed. */
  readonly fromStep: string;
  readonly refreshLibrary: boolean;
  /** Empty: none. */
  readonly idempotencyKey: string;
  /** What the new run hangs under; absent: the caller has no trace. */
  readonly caller?: TraceContext;
}

interface SubmittedText {
  readonly text: string;
  readonly file: string;
  readonly dotenv: DotenvTexts;
}

/** Of a file that came without one. */
const defaultName = "dag.yaml";
const keyCharactersMax = 200;
/** Spans have the names of the calls. */
const submitName = "haversack.v1.RunService/Submit";
const retryName = "haversack.v1.RunService/Retry";
/** Begins the keys of the scheduler, which nobody else may use up. */
const scheduleKeys = "schedule/";

/** Begins the keys of runs that are about a deployment, and that nobody asked for. */
const deploymentKeys = "deployment/";

/** The one key of a time of a schedule: whatever dies in between and whoever looks, it starts one run. */
export const scheduleKey = (dagName: string, index: number, due: number): string =>
  `${scheduleKeys}${dagName}/${index}/${new Date(due).toISOString()}`;

export class Submitter {
  readonly #store: Store;
  readonly #snapshots: Snapshots;
  readonly #ports: Ports;
  readonly #aside: Aside;
  readonly #tracing: Tracing | undefined;
  readonly #dags = new ParsedDags();

  constructor(store: Store, snapshots: Snapshots, ports: Ports, tracing?: Tracing) {
    this.#tracing = tracing;
    this.#store = store;
    this.#snapshots = snapshots;
    this.#ports = ports;
    this.#aside = new Aside(ports.clock);
  }

  /** Rejects with ProblemsError, like {@link submit}, but stores nothing. */
  async validate(dag: DagText): Promise<void> {
    await this.#check(dag);
  }

  /** Keeps a DAG under its name. Rejects with ProblemsError, like {@link submit}. */
  async put(asked: DagText): Promise<{ name: string; changed: boolean }> {
    const { name, schedules } = await this.#check(asked);
    const { dag: text, dotenv = {} } = asked;
    const digest = sha256(text + (Object.keys(dotenv).length === 0 ? "" : sortedJson(dotenv)));
    const dag = { name, digest, source: text, dotenv, fileName: asked.fileName || defaultName, schedules };
    const { changed } = await this.#store.write.dagPut({ ...dag, now: this.#ports.clock.now() });
    return { name, changed };
  }

  async #check({ dag: text, fileName, dotenv = {} }: DagText): Promise<Pick<Prepared, "name" | "schedules">> {
    const asked = { text, file: fileName || defaultName, dotenv };
    const large = await this.#large(asked);
    if (large !== undefined) return large;
    const dag = readDag(text, asked.file, { dotenv });
    await checkHere(dag.parsed, this.#store, this.#snapshots.library);
    await this.#pins(dag);
    const { name, schedules = [] } = dag.parsed.spec;
    return { name, schedules };
  }

  /** Undefined: the file is not large, or more must be known than it says. */
  async #large(asked: Asked): Promise<Prepared | undefined> {
    if (asked.text.length < largeCharactersMin) return undefined;
    const prepared = await this.#aside.prepare(asked);
    await refuseKeys(prepared.dotenv, this.#snapshots.library);
    return prepared.isPlain ? prepared : undefined;
  }

  async submit(submission: Submission): Promise<{ runId: RunId; existed: boolean }> {
    const { trigger, caller: parent } = submission;
    const start = { name: submitName, kind: trigger === undefined ? "server" : "internal", parent } as const;
    return await underSpan({ tracing: this.#tracing, start }, (place) => this.#submit(submission, place));
  }

  async #submit(submission: Submission, place: PlaceOf): Promise<{ runId: RunId; existed: boolean }> {
    const { idempotencyKey, trigger, term } = submission;
    checkKey(idempotencyKey, trigger);
    const bodyDigest = sha256(sortedJson(bodyOf(submission)));
    const id = parseRunId(this.#ports.random.id());
    const made = await this.#made(submission, id).catch(async (error: unknown) => {
      // A repetition gets its run back even if the library has changed since.
      const existing = await this.#earlier(idempotencyKey, bodyDigest);
      if (existing === undefined) throw error;
      return existing;
    });
    if ("existed" in made) return made;
    return await this.#store.write.runSubmit({
      id,
      ...made,
      ...place(id),
      bodyDigest,
      now: this.#ports.clock.now(),
      ...(idempotencyKey === "" ? {} : { idempotencyKey }),
      ...(trigger === undefined ? {} : { trigger }),
      ...(term === undefined ? {} : { term }),
    });
  }

  /** All of a submission that is not asked of the store. */
  async #made(submission: Submission, id: RunId) {
    const { text, file, dotenv } = await this.#textOf(submission);
    const given = { id, params: submission.params, labels: submission.labels ?? {} };
    const large = await this.#large({ text, file, dotenv, run: given });
    const content = large?.run ?? (await this.#content({ text, file, dotenv, run: given }));
    return { ...content, source: text };
  }

  /** The run that the key stands for; without a key there is none, and nobody need be asked. */
  async #earlier(idempotencyKey: string, bodyDigest: Digest) {
    return idempotencyKey === "" ? undefined : await this.#store.read.runFind({ idempotencyKey, bodyDigest });
  }

  /** What is stored of a DAG file of the usual size. */
  async #content({ text, file, dotenv = {}, run }: Asked & Required<Pick<Asked, "run">>) {
    const parsed = this.#dags.get(text, file, dotenv);
    await checkHere(parsed, this.#store, this.#snapshots.library);
    const pins = await this.#pins({ parsed, text });
    const { steps, ...content } = contentOf(parsed, run, pins);
    const packed = { dag: { json: parsed.json }, steps: { json: JSON.stringify(steps) } };
    return { ...content, ...packed, dagDigest: parsed.digest };
  }

  async #textOf({ dag, dagName = "", fileName, dotenv = {} }: Submission): Promise<SubmittedText> {
    if ((dag === "") === (dagName === "")) {
      const message = "a submission carries a DAG or names a stored one: exactly one of dag and dag_name";
      throw new FaultError("invalid", "bad_submission", message);
    }
    if (dagName === "") return { text: dag, file: fileName || defaultName, dotenv };
    const stored = await this.#store.read.dagRead({ name: dagName });
    return { text: stored.source, file: stored.fileName, dotenv: stored.dotenv };
  }

  /** Rejects when the earlier run has not ended, or when today's library lacks what a step needs. */
  async retry(asked: Retry) {
    const start = { name: retryName, kind: "server", parent: asked.caller } as const;
    return await underSpan({ tracing: this.#tracing, start }, (place) => this.#retry(asked, place));
  }

  async #retry({ runId, fromStep, refreshLibrary, idempotencyKey }: Retry, place: PlaceOf) {
    checkKey(idempotencyKey);
    const bodyDigest = sha256(sortedJson({ retry: runId, fromStep, refreshLibrary }));
    const existing = await this.#earlier(idempotencyKey, bodyDigest);
    if (existing !== undefined) return existing;
    const newId = parseRunId(this.#ports.random.id());
    const pinned = refreshLibrary ? { pinned: await this.#repin(runId, newId) } : {};
    return await this.#store.write.runRetry({
      id: runId,
      newId,
      bodyDigest,
      now: this.#ports.clock.now(),
      ...pinned,
      ...place(newId),
      ...(fromStep === "" ? {} : { fromStep }),
      ...(idempotencyKey === "" ? {} : { idempotencyKey }),
    });
  }

  async #repin(runId: RunId, newId: RunId) {
    const { dagName, source, localOf } = await this.#store.read.runSourceRead({ id: runId });
    const { params } = await this.#store.read.runRead({ id: runId, steps: { from: 0, limit: 0 } });
    const run = { id: newId, params, labels: {} };
    const file = `${localOf ?? dagName}.yaml`;
    const large = localOf === undefined ? await this.#large({ text: source, file, run }) : undefined;
    if (large?.run !== undefined) return large.run;
    const dag = readDag(source, file, localOf === undefined ? {} : { local: dagName });
    return contentOf(dag.parsed, run, await this.#pins(dag));
  }

  /** What each agent step needs, of all that it can start too, as packs that could be built. */
  async #pins(dag: ReadDag): Promise<PinnedDags> {
    return await pinDags(dag, this.#snapshots.library, storedDags(this.#store));
  }
}

/** What a repetition has in common with its first. A stored DAG may have got another text in between. */
function bodyOf({ dag, dagName = "", params, labels = {}, dotenv = {}, ...rest }: Submission): object {
  if (rest.trigger?.due !== undefined) return { time: rest.idempotencyKey };
  const asked = { params, ...filled({ labels }), ...filled({ dotenv }) };
  return dagName === "" ? { dag, ...asked } : { dagName, ...asked };
}

/** An empty map is left out: it says the same as none. */
const filled = <T extends object>(maps: T): Partial<T> =>
  Object.values(maps).every((map) => Object.keys(map as object).length === 0) ? {} : maps;

function checkKey(idempotencyKey: string, trigger?: RunTrigger): void {
  if (idempotencyKey.startsWith(scheduleKeys) && trigger?.due === undefined) {
    const message = `keys that begin with "${scheduleKeys}" are those of schedules; use another one`;
    throw new FaultError("invalid", "bad_idempotency_key", message);
  }
  if (idempotencyKey.startsWith(deploymentKeys)) {
    const message = `keys that begin with "${deploymentKeys}" are those of the coordinator itself; use another one`;
    throw new FaultError("invalid", "bad_idempotency_key", message);
  }
  if (idempotencyKey.length <= keyCharactersMax) return;
  throw new FaultError(
    "invalid",
    "bad_idempotency_key",
    `an idempotency key has at most ${keyCharactersMax} characters`,
  );
}
