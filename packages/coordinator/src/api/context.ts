import type { HandlerContext } from "@connectrpc/connect";

/** Fires when the caller went away or its time is up. */
export const signalOf = (context: HandlerContext): AbortSignal => context.signal;
