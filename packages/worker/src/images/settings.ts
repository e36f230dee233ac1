/** How a worker deals with images: what was asked, checked and completed. */

import type { SettledPrefetch } from "../config/prefetch-policy.ts";
import type { Credentials } from "./net.ts";

export interface ImageSettings {
  readonly prefetch: SettledPrefetch;
  /** Undefined: below the data folder. Workers of one host may share one. */
  readonly folder: string | undefined;
  /** 0: without limit. */
  readonly bytesPerSecondMax: number;
  /** A base image that is there is used. */
  readonly use: boolean;
  /** Where the base image comes from: files that we download, or a registry that the engine pulls from. */
  readonly source: "file" | "registry";
  readonly credentials: Credentials;
}
