/** Who calls, by its credential: set by the interceptor that checked it, read by what records who did something. */

import { createContextKey } from "@connectrpc/connect";

/** `admin` or `worker`; empty where no credential is asked for. */
export const callerKey = createContextKey("", { description: "the identity of the credential" });
