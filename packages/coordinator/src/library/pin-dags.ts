/**
 * A DAG with all that it can start, planned and packed in one go: its own agent steps, and those of every DAG that its
 * `dag` steps name, near or far. What a child run will be given is decided when its first ancestor is submitted. A name
 * that only an expression knows is left open, and is planned like this when its child run is created.
 */

import { present } from "@haversack/base";
import {
  allSteps,
  type Digest,
  localDag,
  type Problem,
  ProblemsError,
  parseDigest,
  type StepSpec,
} from "@haversack/protocol";
import {
  buildPins,
  type PlanOutcome,
  planSnapshots,
  type SnapshotLimits,
  type StepPlan,
} from "@haversack/snapshot";
import { childParamProblems } from "../dag/child-params.ts";
import { type Placed, placesOf } from "../dag/places.ts";
import { fieldOf } from "../dag/yaml-source.ts";
import { hasExpression } from "../runs/expressions.ts";
import type { Library } from "./library.ts";
import { ReachedDags, type ReadDag, type ReadStored } from "./reached-dags.ts";
import { unknownSecrets } from "./secret-names.ts";
import { storedPack } from "./snapshots.ts";
import type { Pin } from "./step-submission.ts";

type Pins = ReadonlyMap<string, Pin>;

export interface PinnedDag extends ReadDag {
  /** How runs of the family find it. */
  readonly key: string;
  readonly digest: Digest;
  /** By step id. */
  readonly pins: Pins;
}

export interface PinnedDags {
  /** Of the DAG itself. */
  readonly pins: Pins;
  readonly children: readonly PinnedDag[];
}

/** Local DAGs of different files may have one name. @param file the DAG in whose file a local one stands */
const keyOf = (name: string, file: string | undefined): string =>
  file === undefined ? name : `${file}/${name}`;

/** Rejects with ProblemsError: every item that is missing, in any of the DAGs, by name. */
export async function pinDags(root: ReadDag, library: Library, readStored: ReadStored): Promise<PinnedDags> {
  const steps = allSteps(root.parsed.spec);
  const kinds = new Set(steps.map(({ work }) => work.kind));
  const isPlain = !kinds.has("agent") && !kinds.has("dag") && !kinds.has("deploy");
  if (isPlain && !steps.some(({ secrets }) => secrets !== undefined))
    return { pins: new Map(), children: [] };
  const dags = new ReachedDags(root, readStored);
  const { defaultModel } = library;
  const knownSecrets = await library.secretNames?.();
  const outcome = await planSnapshots(dags.root, await library.read(), {
    resolveDag: (name) => dags.resolve(name),
    ...(defaultModel === undefined ? {} : { defaultModel }),
    ...(knownSecrets === undefined ? {} : { knownSecrets }),
  });
  const problems = [...outcome.problems, ...paramProblems(dags, outcome)];
  if (knownSecrets !== undefined) {
    for (const { parsed } of reached(dags, outcome)) problems.push(...unknownSecrets(parsed, knownSecrets));
  }
  const pack = (plans: ReadonlyMap<string, StepPlan>) => packPins(plans, library.limits, problems);
  const pins = pack(outcome.plans);
  const children = outcome.children.map(({ digest, plans }) => pinnedDag(dags, digest, pack(plans)));
  if (dags.isRootCalled) children.push(pinnedDag(dags, dags.root.digest ?? "", pins));
  if (problems.length > 0) throw new ProblemsError(problems);
  return { pins, children };
}

function packPins(plans: ReadonlyMap<string, StepPlan>, limits: SnapshotLimits, problems: Problem[]): Pins {
  const { packs, problems: found } = buildPins(plans, limits);
  problems.push(...found);
  return new Map(
    [...packs].map(([stepId, pack]) => {
      const { memory } = present(plans.get(stepId), "the plan of a pack").config;
      return [stepId, { pack: storedPack(pack), memory }];
    }),
  );
}

function pinnedDag(dags: ReachedDags, digest: string, pins: Pins): PinnedDag {
  const dag = present(dags.of(digest), "a DAG that was planned");
  const { name, localOf } = dag.parsed.spec;
  return { ...dag, key: keyOf(name, localOf), digest: parseDigest(digest), pins };
}

/** Of what `dag` steps give to DAGs of other files; those of their own have been checked with them. */
function paramProblems(dags: ReachedDags, { children }: PlanOutcome): Problem[] {
  return reached(dags, { children }).flatMap(({ parsed: caller }) =>
    placesOf(caller.spec).flatMap((placed) => ofStep(dags, caller, placed)),
  );
}

/** The DAG and all that it can start, each once. */
function reached(dags: ReachedDags, { children }: Pick<PlanOutcome, "children">): ReadDag[] {
  const digests = new Set([dags.root.digest ?? "", ...children.map(({ digest }) => digest)]);
  return [...digests].flatMap((digest) => dags.of(digest) ?? []);
}

function ofStep(
  dags: ReachedDags,
  { spec, source }: ReadDag["parsed"],
  { step, path }: Placed<StepSpec>,
): Problem[] {
  const { work } = step;
  if (work.kind !== "dag") return [];
  const names = hasExpression(work.use) ? (work.candidates ?? []) : [work.use];
  return names.flatMap((name) => {
    const target = localDag(spec, name) === undefined ? dags.named(name) : undefined;
    return (target === undefined ? [] : childParamProblems(work, target.spec)).map(
      ({ param, code, message }) => {
        const field = fieldOf([...path, "dag", ...(param === undefined ? [] : ["params", param])]);
        const told = source.place === undefined ? field : `${source.place}.${field}`;
        return { file: source.file, ...source.at(field), field: told, code, message };
      },
    );
  });
}
