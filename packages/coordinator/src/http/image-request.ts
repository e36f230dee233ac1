/** A request by plain HTTP about an image, as far as it is read. */

import type { Clock } from "@haversack/base";
import type { ImageDesk } from "../images/image-desk.ts";
import type { ImageCalls, ImageClient } from "./image-calls.ts";
import type { Handler } from "./server.ts";

export type Request = Parameters<Handler>[0];
export type Response = Parameters<Handler>[1];

export interface ImageHttpParts {
  readonly calls: ImageCalls;
  readonly desk: Pick<ImageDesk, "transitions">;
  readonly clock: Clock;
}

/** What a request is about, its words still as they came. */
export interface ImageRequest {
  readonly worker: string;
  readonly ref: string;
  /** Of the credential. */
  readonly headers: Headers;
  /** Fires when the caller is gone. */
  readonly signal: AbortSignal;
  readonly client: ImageClient;
}
