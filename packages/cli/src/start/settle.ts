/** What `haversack start` was asked for, complete. */

import { join, resolve } from "node:path";
import type { CoordinatorAsked } from "@haversack/coordinator";
import { given } from "../options.ts";
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
  readonly model?: string;
  readonly vault?: string;
  readonly prefetchBaseImage?: string;
  readonly imagesMaxRate?: string;
  readonly imagesDir?: string;
  readonly deploy?: string;
}

/** Of the coordinator, as they were asked: it judges them. */
export type ImagesAsked = Pick<
  CoordinatorAsked,
  | "images"
  | "imagesKey"
  | "imagesUnsigned"
  | "fallbackImage"
  | "imageRecipe"
  | "imagePermits"
  | "registrySecrets"
>;

export interface StartSettings {
  readonly once: boolean;
  /** Absent: no run is submitted. */
  readonly dagFile?: string;
  readonly params: ReadonlyMap<string, string>;
  readonly dataDir: string;
  readonly store?: string;
  readonly listen?: string;
  readonly agentsDir: string;
  readonly retention?: string;
  readonly vault?: string;
  readonly images: ImagesAsked;
  /** Options of the worker, as they were asked: it judges them. */
  readonly workerArgs: readonly string[];
  readonly logFile: string;
  readonly model: ModelChoice;
}

/** The checkout that this file is part of. */
const root = resolve(import.meta.dirname, "..", "..", "..", "..");
const exampleDag = join(root, "examples", "dags", "repo-report.yaml");
export const exampleAgents = join(root, "examples", "agents");

export function settleStart(
  options: StartOptions,
  images: ImagesAsked,
  { cwd, env }: Outside,
): StartSettings {
  const dataDir = resolve(cwd, options.data);
  const dag = options.dag === undefined ? exampleDag : resolve(cwd, options.dag);
  return {
    once: options.once === true,
    ...(options.run === false ? {} : { dagFile: dag }),
    params: options.param ?? new Map(),
    dataDir,
    ...given({ store: options.store, listen: options.listen, retention: options.retention }),
    ...given({ vault: options.vault === undefined ? undefined : resolve(cwd, options.vault) }),
    agentsDir: options.agents === undefined ? exampleAgents : resolve(cwd, options.agents),
    images,
    workerArgs: workerArgs(options, cwd),
    logFile: join(dataDir, "haversack.log"),
    model: chooseModel(env, options.model),
  };
}

function workerArgs(options: StartOptions, cwd: string): string[] {
  const { slots, deploy, prefetchBaseImage, imagesMaxRate, imagesDir } = options;
  const asked = {
    "--slots": slots === undefined ? undefined : String(slots),
    "--deploy": deploy,
    "--prefetch-base-image": prefetchBaseImage,
    "--images-max-rate": imagesMaxRate,
    "--images-dir": imagesDir === undefined ? undefined : resolve(cwd, imagesDir),
  };
  return Object.entries(given(asked)).map(([name, value]) => `${name}=${value}`);
}
