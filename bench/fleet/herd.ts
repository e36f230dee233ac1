/** The coordinator goes and comes back while every worker runs a step: when all are back, and what they lost. */

import { quantile } from "../measure.ts";
import { memoryBytes, processorMs, ready } from "./coordinator-figures.ts";
import { sharedNow } from "./messages.ts";
import { allWelcomed, rest, sayLoop, type World } from "./world.ts";

const mib = 2 ** 20;

/** @param afterMs with all of them back, until leases are counted: some heartbeats */
export async function herd(
  world: World,
  how: "SIGKILL" | "SIGTERM",
  { afterMs }: { afterMs: number },
): Promise<void> {
  const { coordinator, fleet, signal } = world;
  const on = how === "SIGKILL" ? "coordinator killed" : "coordinator restarted";
  const say = (metric: string, value: number, unit: string): void => world.say(on, metric, value, unit);
  world.doing(`${on} under ${fleet.size} running steps`);
  const [lostBefore, tasksBefore] = [fleet.lost.length, fleet.tasks.length];
  const from = sharedNow();
  const goneAt = await coordinator.replace(how);
  await ready(coordinator.url, signal);
  const readyAt = sharedNow();
  const welcomed = await allWelcomed(world, from);
  const busyMs = await processorMs(coordinator.pid);
  const lastAt = welcomed.at(-1) ?? Number.NaN;
  say("gone_ms", goneAt - from, "ms");
  say("ready_again_ms", readyAt - from, "ms");
  say("half_back_after_ready_ms", Math.max(0, quantile(welcomed, 0.5) - readyAt), "ms");
  say("all_back_after_ready_ms", Math.max(0, lastAt - readyAt), "ms");
  say("all_back_ms", lastAt - from, "ms");
  say("coordinator_processor_ms", busyMs, "ms");
  sayLoop(world, on, await coordinator.metrics());
  say("coordinator_resident_highest_mib", (await memoryBytes(coordinator.pid)).highest / mib, "MiB");
  await rest(world, afterMs);
  const expired = (await coordinator.metrics()).get("haversack_leases_expired_total") ?? 0;
  // Whatever was handed out a second time was lost.
  const again = fleet.tasks.length - tasksBefore;
  say("leases_lost", Math.max(expired, again, fleet.lost.length - lostBefore), "leases");
}
