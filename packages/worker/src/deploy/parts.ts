/** What the steps of a deploy share: the worker's side of it, and the one deploy that is under way. */

import type { Ports } from "@haversack/base";
import type { DeployWork } from "@haversack/protocol";
import type { DeploySettings } from "../config/deploy-settings.ts";
import type { Images } from "../images/images.ts";
import type { Runtime, RuntimeInfo } from "../runtime/runtime.ts";
import type { Phases } from "./phases.ts";
import type { SecretFiles } from "./secret-files.ts";

/** An engine that answers. */
export interface Engine {
  readonly runtime: Runtime;
  readonly info: RuntimeInfo;
  readonly images: Images;
}

export interface DeployParts {
  readonly ports: Ports;
  readonly settings: DeploySettings;
  readonly workerId: string;
  /** The worker's own, without links in it. */
  readonly dataFolder: string;
  readonly secretFiles: SecretFiles;
  /** What the recipe may know of this host: proxies and mirrors. */
  readonly recipeEnv: ReadonlyMap<string, string>;
  /** Sockets of engines that no container may have, besides those that are known everywhere. */
  readonly sockets: readonly string[];
}

/** One attempt at a deploy. */
export interface Deploy extends DeployParts, Engine {
  readonly work: DeployWork;
  /** Such as `RUN/STEP.ATTEMPT`. */
  readonly attempt: string;
  readonly secrets: ReadonlyMap<string, string>;
  /** Where the pack lies; undefined: the container has no agent. */
  readonly packFile: string | undefined;
  readonly phases: Phases;
  /** One line in the attempt's log. */
  readonly note: (text: string) => void;
  /** What the recipe writes, masked. */
  readonly output: (data: Uint8Array) => void;
  /** Cancelled, out of time, or no longer ours. */
  readonly signal: AbortSignal;
}
