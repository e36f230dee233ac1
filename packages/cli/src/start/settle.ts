/** What `haversack start` was asked for, complete. */

import { join, resolve } from "node:path";
import type { Outside } from "../outside.ts";
import { chooseModel, type ModelChoice } from "./choose-model.ts";

export interface StartOptions {
  readonly once?: boolean;
  readonly dag?: string;
  readonly param?: ReadonlyMap<string, string>;
  readonly data: string;
  readonly store?: string;
  readonly listen?: string;
  readonly agents?: string;
  readonly slots?: number;
  readonly retention?: string;
  readonly run?: boolean;
  readonly prefetchBaseImage?: string;
  readonly deploy?: string;
}

export interface StartSettings {
  readonly once: boolean;
  /** Absent: no run is submitted. */
  readonly dagFile?: string;
  readonly params: ReadonlyMap<string, string>;
  readonly dataDir: string;
  readonly store?: string;
  readonly listen?: string;
  readonly agentsDir: string;
  readonly slots?: number;
  readonly retention?: string;
  /** As it was asked: the worker judges it. */
  readonly prefetchBaseImage?: string;
  /** Which container engine; as it was asked: the worker judges it. */
  readonly deploy?: string;
  readonly logFile: string;
  readonly model: ModelChoice;
}

/** The checkout that this file is part of. */
const root = resolve(import.meta.dirname, "..", "..", "..", "..");
const exampleDag = join(root, "examples", "dags", "repo-report.yaml");
export const exampleAgents = join(root, "examples", "agents");

export function settleStart(options: StartOptions, { cwd, env }: Outside): StartSettings {
  const dataDir = resolve(cwd, options.data);
  const dag = options.dag === undefined ? exampleDag : resolve(cwd, options.dag);
  return {
    once: options.once === true,
    ...(options.run === false ? {} : { dagFile: dag }),
    params: options.param ?? new Map(),
    dataDir,
    ...(options.store === undefined ? {} : { store: options.store }),
    ...(options.listen === undefined ? {} : { listen: options.listen }),
    agentsDir: options.agents === undefined ? exampleAgents : resolve(cwd, options.agents),
    ...(options.retention === undefined ? {} : { retention: options.retention }),
    ...(options.slots === undefined ? {} : { slots: options.slots }),
    ...(options.prefetchBaseImage === undefined ? {} : { prefetchBaseImage: options.prefetchBaseImage }),
    ...(options.deploy === undefined ? {} : { deploy: options.deploy }),
    logFile: join(dataDir, "haversack.log"),
    model: chooseModel(env),
  };
}
