/** Keys and pools of a DAG, as far as its file alone cannot tell: with these parameters, at this coordinator. */

import { didYouMean, FaultError } from "@haversack/base";
import {
  type PoolInfo,
  type Problem,
  ProblemsError,
  type RunConcurrency,
  type StepSpec,
} from "@haversack/protocol";
import type { ParsedDag } from "../dag/parse-dag.ts";
import { placesOf } from "../dag/places.ts";
import { fieldOf } from "../dag/yaml-source.ts";
import { deploymentOf } from "../runs/deployment-name.ts";
import type { TemplateData } from "../runs/expression-value.ts";
import { render } from "../runs/expressions.ts";
import type { Store } from "../store/store.ts";
import type { Library } from "./library.ts";
import { refuseKeys } from "./refuse-keys.ts";

const keyCharactersMax = 200;

type Told = { readonly code: string; readonly message: string } | undefined;

/** What a DAG asks of this coordinator, its agents aside. Rejects with ProblemsError. */
export async function checkHere(parsed: ParsedDag, store: Store, library: Library): Promise<void> {
  await refuseKeys(parsed.dotenv, library);
  await checkPools(parsed, store);
}

/** Rejects with ProblemsError when a pool is not there, or can never give what a step takes. */
async function checkPools(parsed: ParsedDag, store: Store): Promise<void> {
  const places = placesOf(parsed.spec);
  if (!places.some(({ step }) => step.concurrency?.some((limit) => "pool" in limit))) return;
  const pools = new Map((await store.read.poolsList()).map((pool) => [pool.name, pool]));
  refuse(
    parsed,
    places.flatMap(({ step, path }) => limitProblems(step, path, (limit) => poolProblem(limit, pools))),
  );
}

type Limit = NonNullable<StepSpec["concurrency"]>[number];

function poolProblem(limit: Limit, pools: ReadonlyMap<string, PoolInfo>): Told {
  if (!("pool" in limit)) return undefined;
  const { pool: name, units } = limit;
  const pool = pools.get(name);
  if (pool === undefined) {
    const fix = didYouMean(name, pools.keys()) || `; make it: haversack pool set ${name} --limit N`;
    return { code: "unknown_pool", message: `there is no pool "${name}"${fix}` };
  }
  if (units <= pool.limit) return undefined;
  const message = `takes ${units} units of the pool "${name}", which has ${pool.limit}`;
  return pool.limit === 0 ? undefined : { code: "pool_too_small", message };
}

/**
 * What a submission says of the key of its run. Throws ProblemsError when a key is empty, or too long, with these parameters,
 * or when what is deployed has no name that could be one.
 */
export function settleKeys(parsed: ParsedDag, data: TemplateData): { readonly concurrency?: RunConcurrency } {
  const { concurrency } = parsed.spec;
  const own = concurrency === undefined ? undefined : keyProblem(concurrency.key, data);
  refuse(parsed, [
    ...(own === undefined ? [] : [{ ...own, path: ["concurrency"] }]),
    ...placesOf(parsed.spec).flatMap(({ step, path }) =>
      limitProblems(step, path, (limit) => ("key" in limit ? keyProblem(limit.key, data) : undefined)),
    ),
    ...placesOf(parsed.spec).flatMap(({ step, path }) => nameProblems(step, path, data)),
  ]);
  if (concurrency === undefined) return {};
  return { concurrency: { ...concurrency, key: render(concurrency.key, data) } };
}

function keyProblem(template: string, data: TemplateData): Told {
  const { length } = render(template, data);
  const code = "bad_concurrency_key";
  if (length === 0) return { code, message: "the key is empty with these parameters" };
  if (length <= keyCharactersMax) return undefined;
  return {
    code,
    message: `the key has ${length} characters with these parameters, at most ${keyCharactersMax}`,
  };
}

/** Of a step with items nobody knows them yet. */
function nameProblems(step: StepSpec, path: readonly (string | number)[], data: TemplateData): Found[] {
  try {
    deploymentOf(step, (text) => render(text, data));
    return [];
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return [{ code: error.code, message: error.message, path: [...path, "deploy", "name"] }];
  }
}

type Found = NonNullable<Told> & { readonly path: readonly (string | number)[] };

function limitProblems(
  { concurrency = [] }: StepSpec,
  path: readonly (string | number)[],
  problemOf: (limit: Limit) => Told,
): Found[] {
  return concurrency.flatMap((limit, index) => {
    const problem = problemOf(limit);
    const at = [...path, "concurrency", ...(concurrency.length > 1 ? [index] : [])];
    return problem === undefined ? [] : [{ ...problem, path: at }];
  });
}

function refuse({ source }: ParsedDag, found: readonly Found[]): void {
  const problems = found.map(({ path, ...told }): Problem => {
    const field = fieldOf(path);
    return { file: source.file, ...source.at(field), field, ...told };
  });
  if (problems.length > 0) throw new ProblemsError(problems);
}
