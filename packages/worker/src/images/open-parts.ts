/** What the images of a worker need from it. */

import type { Ms, Ports } from "@haversack/base";
import type { Upward } from "@haversack/protocol";
import type { ImageSettings } from "../config/image-settings.ts";
import type { Runtime, RuntimeInfo } from "../runtime/runtime.ts";
import type { SpaceOf } from "./disk.ts";
import type { RegistryVault } from "./logins.ts";

export interface OpenImagesParts {
  readonly ports: Ports;
  readonly runtime: Runtime;
  /** What it is meant to be, until it has said so itself. */
  readonly kind: RuntimeInfo["kind"];
  readonly settings: ImageSettings;
  /** Of the worker. */
  readonly dataDir: string;
  readonly hostEnv: ReadonlyMap<string, string>;
  readonly uplink: {
    send(message: Upward): void;
    onUp(listener: () => void): () => void;
  };
  /** The coordinator's; absent: there is none. */
  readonly vault?: RegistryVault;
  /** Tests have smaller disks and less patience. */
  readonly limits?: { readonly spaceOf?: SpaceOf; readonly reserveBytes?: number; readonly stallMs?: Ms };
}
