/**
 * What the planner reads and what it answers. The input is structural, because this package knows no DAG parser: the
 * coordinator hands over the few things of a parsed DAG that decide which items an agent needs.
 */

import type { EffectiveConfig, ModelSpec, SkillBundle, Soul } from "../format/content.ts";
import type { Place, Position, Problem } from "./problem.ts";
import type { AgentSettings } from "./settings.ts";

export interface PlannableDag {
  readonly name: string;
  /** As problems name it. */
  readonly file: string;
  /** Where the DAG comes from, such as `file` or `store`; with name and digest it is the DAG's identity on the walk. */
  readonly origin?: string;
  readonly digest?: string;
  /** `defaults.agent`. */
  readonly defaultsAgent?: AgentSettings;
  readonly steps: readonly PlannableStep[];
  /** The steps of onSuccess, onFailure, onCancel and onExit. */
  readonly handlers?: readonly PlannableStep[];
  /** Local DAGs (`dags:`), found before stored ones. */
  readonly dags?: ReadonlyMap<string, PlannableDag>;
  /** Place of a field such as `steps[1].agent.use`; undefined: the step's own line is shown. */
  readonly locate?: (field: string) => Position | undefined;
}

export interface PlannableStep {
  readonly id: string;
  readonly kind: "run" | "agent" | "deploy" | "dag" | "human";
  /** Such as `steps[1]` or `onFailure[0]`. */
  readonly field: string;
  readonly line: number;
  /** Settings of an `agent` step, or `{ use: profile }` for a `deploy` with `agent:`; others have none. */
  readonly agent?: AgentSettings;
  /** Of a `dag` step. */
  readonly dag?: ChildDagUse;
}

export interface ChildDagUse {
  /** A name, or the text of an expression. */
  readonly use: string;
  readonly dynamic: boolean;
  readonly candidates?: readonly string[];
}

/** Undefined: there is no such DAG. A rejection fails the plan with its message. */
export type ResolveDag = (name: string) => Promise<PlannableDag | undefined>;

export interface PlanOptions {
  /** Absent: each external name is listed as deferred. */
  readonly resolveDag?: ResolveDag;
  /** The operator's override: stands in the place of `model` in config.yaml. */
  readonly defaultModel?: string | readonly string[];
  /** Names that the vault holds; absent: secret names are not checked. */
  readonly knownSecrets?: ReadonlySet<string>;
  /** For a check of the library: problems with what a profile names stand in the profile's file, not in the DAG's. */
  readonly placesInProfiles?: boolean;
}

export type Section = "config" | "models" | "skills" | "souls" | "mcpServers" | "memory";

/** One thing that is in a plan, and the rule that brought it in: `profile repo-analyst`, `step notes`, `config.yaml`. */
export interface Inclusion {
  readonly section: Section;
  readonly id: string;
  readonly why: string;
}

/** All that the pack of one step will hold, but for memory. */
export interface StepPlan {
  readonly dag: string;
  readonly step: string;
  /** Where a problem with the finished pack is shown; the planner always says it. */
  readonly place?: Place;
  readonly config: EffectiveConfig;
  readonly models: readonly ModelSpec[];
  readonly skills: readonly SkillBundle[];
  readonly souls: readonly Soul[];
  readonly included: readonly Inclusion[];
  /** SHA-256 (hex) of strings that look like keys and are excused. */
  readonly allowedStrings: ReadonlySet<string>;
}

/** A name whose DAG is planned later, when the child run is created. */
export interface DeferredDag {
  readonly dag: string;
  readonly step: string;
  readonly use: string;
  readonly why: "no DAG store" | "dynamic name";
}

export interface ChildPlans {
  readonly name: string;
  readonly file: string;
  readonly origin: string;
  readonly digest: string;
  readonly plans: ReadonlyMap<string, StepPlan>;
}

export interface PlanOutcome {
  /** Steps and handlers of the DAG itself, by step id. */
  readonly plans: ReadonlyMap<string, StepPlan>;
  /** DAGs that were reached from it, each once. */
  readonly children: readonly ChildPlans[];
  readonly deferred: readonly DeferredDag[];
  /** Not empty: the submission is refused. */
  readonly problems: readonly Problem[];
}
