/**
 * What every HTTP/2 connection is held to, with TLS or without: windows, limits on what a peer may open and reset, and
 * a question every few seconds whether it still lives. A frozen peer, or one behind a link that swallows everything,
 * keeps its connection open for ever; only its silence tells.
 */

import type { ServerHttp2Session, ServerOptions } from "node:http2";
import type { Clock, Ms, Timer } from "@haversack/base";
import { flowControlWindowBytes } from "@haversack/protocol";

export const headerBytesMax = 16 * 1024;
const headerPairsMax = 100;

/** Streams of one connection at once. A worker needs a session and some bulk; a page some more. */
const streamsMax = 100;

const pingEveryMs: Ms = 10_000;
const pingTimeoutMs: Ms = 10_000;
/** Until the first request of a connection has come whole. */
const firstRequestMs: Ms = 15_000;

export const http2Options: ServerOptions = {
  settings: {
    initialWindowSize: flowControlWindowBytes,
    maxConcurrentStreams: streamsMax,
    maxHeaderListSize: headerBytesMax,
  },
  maxHeaderListPairs: headerPairsMax,
  maxSessionRejectedStreams: 20,
  maxSessionInvalidFrames: 100,
  streamResetBurst: 200,
  streamResetRate: 33,
};

/** Call it for each `session` of a server; ends by itself with the session. */
export function watchSession(session: ServerHttp2Session, clock: Clock): void {
  // Without it a busy stream starves the others of its connection, heartbeats included.
  session.setLocalWindowSize(flowControlWindowBytes);
  let timer: Timer = clock.after(firstRequestMs, () => session.destroy());
  let silence: Timer | undefined;
  const ask = (): void => {
    // Its `close` comes a moment after its end, and a timer may come in between.
    if (session.destroyed) return;
    silence = clock.after(pingTimeoutMs, () => session.destroy());
    const isSent = session.ping(() => {
      silence?.cancel();
      if (!session.destroyed) timer = clock.after(pingEveryMs, ask);
    });
    // Too many questions are open: nobody answers there.
    if (!isSent) session.destroy();
  };
  session.once("stream", () => {
    timer.cancel();
    timer = clock.after(pingEveryMs, ask);
  });
  session.once("close", () => {
    timer.cancel();
    silence?.cancel();
  });
}
