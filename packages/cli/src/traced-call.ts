/** A call of this command under a span of its own, on its way to the receiver while the command goes on. */

import { faultOf, silentLog } from "@haversack/base";
import { parseTraceparent, type TraceContext, traceSettings, tracingOf } from "@haversack/protocol";
import type { Outside } from "./outside.ts";
import { version } from "./version.ts";

/** What the run hangs under. */
export interface Place {
  readonly trace?: TraceContext;
}

export interface TracedCall<T> {
  readonly answer: Promise<T>;
  /** Resolves when the span was received, or will not be. Never rejects. */
  readonly told: Promise<void>;
}

/** A command that a step of another run starts finds its own place in `TRACEPARENT`. */
export function tracedCall<T>(
  name: string,
  { clock, random, env }: Pick<Outside, "clock" | "random" | "env">,
  call: (place: Place) => Promise<T>,
): TracedCall<T> {
  const parent = parseTraceparent(env["TRACEPARENT"], env["TRACESTATE"]);
  const tracing = tracingOf(traceSettings(env, "haversack-cli"), version, { clock, random, log: silentLog });
  const traced = async (): Promise<T> => {
    await tracing?.start();
    const span = tracing?.begin({ name, kind: "client", parent });
    const trace = span?.context ?? parent;
    try {
      const answer = await call(trace === undefined ? {} : { trace });
      span?.end();
      return answer;
    } catch (error) {
      span?.end({ error: faultOf(error) });
      throw error;
    }
  };
  const answer = traced();
  const told = answer.then(
    () => tracing?.stop(),
    () => tracing?.stop(),
  );
  return { answer, told };
}
