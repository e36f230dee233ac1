/** What a fault makes of a flight: why, what to do, and when it is tried again, on the board. */

import type { Ms } from "@haversack/base";
import type { Digest } from "@haversack/protocol";
import { flightFaultOf, plain } from "./flight-fault.ts";
import type { FlightParts } from "./flight-parts.ts";
import { afterFailure } from "./schedule.ts";

/** A secret that is set anew at the coordinator is not told to workers; a registry need not be asked at each deploy. */
const newSecretMs: Ms = 60_000;

export function failFlight(digest: Digest, { board, ports, engine, net }: FlightParts, error: unknown): void {
  const record = board.get(digest);
  if (record === undefined) return;
  const fault = flightFaultOf(error, "import_failed");
  const { flightCode: code, hint, retryAfterMs } = fault;
  const plan = afterFailure({ code, retryAfterMs }, record.tries, ports.random, engine.nextProbeMs);
  const now = net.clock.now();
  const retryAt = plan.retryInMs === undefined ? {} : { retryAt: now + plan.retryInMs };
  const failure = { code, message: plain(fault.message), hint, ...retryAt };
  const urls = record.image.file?.urls.length ?? 1;
  const details = {
    status: { failure },
    tries: plan.tries,
    pausedUntil:
      now + (code === "auth" && net.logins.mayChange ? (retryAfterMs ?? newSecretMs) : plan.pauseMs),
    source: (record.source + 1) % Math.max(1, urls),
  };
  ports.log.warn(
    { image: digest, code, error: failure.message, ...retryAt },
    "an image could not be fetched",
  );
  // From `queued` there is no way to `failed`: it had its turn, or it has it now.
  if (!board.move(digest, "fault", details) && board.move(digest, "granted"))
    board.move(digest, "fault", details);
  if (code === "runtime_unavailable") engine.doubt();
}
