/**
 * What crosses to a database thread and back many at a time, as one text: to copy as many objects costs several times as
 * much as to write and read their JSON. A verb that is not here sends its objects as they are.
 */

import { present } from "@haversack/base";
import type { JsonValue, StepPhase } from "@haversack/protocol";
import type { TemplateData } from "../runs/expression-value.ts";
import type { ResultReport, ResultReports, StartReport } from "./verbs/attempt-verbs.ts";
import type { Claimed, Claims, ReadyStep } from "./verbs/step-verbs.ts";

/** One way, and the way back. */
export interface TextForm<T> {
  /** Undefined: it is sent as it is. */
  write(value: T): string | undefined;
  read(text: string): T;
}

const plain = <T>(): TextForm<T> => ({
  write: (value) => JSON.stringify(value),
  read: (text) => JSON.parse(text) as T,
});

/** Packs are bytes. */
const claims: TextForm<Claims> = {
  ...plain<Claims>(),
  write: (asked) => (asked.claims.some(({ pack }) => pack !== undefined) ? undefined : JSON.stringify(asked)),
};

type Entries<V> = readonly (readonly [string, V])[];

type SentReport = Omit<ResultReport, "result"> & {
  readonly result: Omit<ResultReport["result"], "outputs"> & { readonly outputs: Entries<JsonValue> };
};

const results: TextForm<ResultReports> = {
  write: (reports) => JSON.stringify({ ...reports, results: reports.results.map(sentReport) }),
  read: (text) => {
    const sent = JSON.parse(text) as Omit<ResultReports, "results"> & { results: SentReport[] };
    return { ...sent, results: sent.results.map(readReport) };
  },
};

const sentReport = ({ result, ...rest }: ResultReport): SentReport => ({
  ...rest,
  result: { ...result, outputs: [...result.outputs] },
});

const readReport = ({ result, ...rest }: SentReport): ResultReport => ({
  ...rest,
  result: { ...result, outputs: new Map(result.outputs) },
});

type SentData = Omit<TemplateData, "params" | "outputs" | "statuses"> & {
  readonly outputs?: Entries<JsonValue>;
  readonly statuses?: Entries<StepPhase>;
};

/** By their places in lists: what many steps have in common is sent once. */
type SentClaimed = Omit<Claimed, "spec" | "dagEnv" | "data"> & {
  readonly spec: number;
  readonly dagEnv: number;
  readonly params: number;
  readonly data: SentData;
};

interface SentAnswer {
  readonly specs: readonly Claimed["spec"][];
  readonly envs: readonly Claimed["dagEnv"][];
  readonly params: readonly Entries<JsonValue>[];
  readonly claimed: readonly SentClaimed[];
}

const claimed: TextForm<readonly Claimed[]> = {
  write: (all) => {
    const specs = new Places<Claimed["spec"]>();
    const envs = new Places<Claimed["dagEnv"]>();
    const params = new Places<TemplateData["params"]>();
    const sent = all.map(
      ({ spec, dagEnv, data, ...rest }): SentClaimed => ({
        ...rest,
        spec: specs.of(spec),
        dagEnv: envs.of(dagEnv),
        params: params.of(data.params),
        data: sentData(data),
      }),
    );
    const answer: SentAnswer = {
      specs: specs.all(),
      envs: envs.all(),
      params: params.all().map((each) => [...each]),
      claimed: sent,
    };
    return JSON.stringify(answer);
  },
  read: (text) => {
    const sent = JSON.parse(text) as SentAnswer;
    const params = sent.params.map((each) => new Map(each));
    return sent.claimed.map(
      ({ params: ofRun, data, spec, dagEnv, ...rest }): Claimed => ({
        ...rest,
        spec: at(sent.specs, spec),
        dagEnv: at(sent.envs, dagEnv),
        data: {
          ...data,
          params: at(params, ofRun),
          outputs: new Map(data.outputs),
          statuses: new Map(data.statuses),
        },
      }),
    );
  },
};

function sentData({ outputs, statuses, run, item }: TemplateData): SentData {
  return {
    run,
    ...(item === undefined ? {} : { item }),
    ...(outputs.size === 0 ? {} : { outputs: [...outputs] }),
    ...(statuses.size === 0 ? {} : { statuses: [...statuses] }),
  };
}

function at<T>(list: readonly T[], place: number): T {
  return present(list[place], "what was sent with it");
}

/** Things by the order in which they first come. */
class Places<T> {
  readonly #places = new Map<T, number>();

  of(thing: T): number {
    const known = this.#places.get(thing);
    if (known !== undefined) return known;
    const place = this.#places.size;
    this.#places.set(thing, place);
    return place;
  }

  all(): T[] {
    return [...this.#places.keys()];
  }
}

type Forms = Readonly<Record<string, TextForm<unknown> | undefined>>;

/** By the verb. */
export const argsForms: Forms = {
  stepsTake: claims,
  attemptsStart: plain<StartReport>(),
  attemptsFinish: results,
};

export const answerForms: Forms = {
  stepsTake: claimed,
  stepsHead: plain<readonly ReadyStep[]>(),
};
