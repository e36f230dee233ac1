/** The rounds: connected and idle, steps handed out, steps cancelled. */

import { shapes } from "../dispatch/dags.ts";
import { quantile } from "../measure.ts";
import { memoryBytes, processorMs } from "./coordinator-figures.ts";
import { sharedNow } from "./messages.ts";
import { allWelcomed, paced, rest, sayLoop, type World } from "./world.ts";

const mib = 2 ** 20;
/** One step, and a number by which its task is told apart. */
const numbered = `name: numbered\nparams: { number: { type: integer } }\nsteps: [{ id: a, run: "true" }]\n`;

/** @param since when the first of them may have dialled */
export async function connect(world: World, since: number): Promise<void> {
  world.doing(`${world.fleet.size} workers connect`);
  const at = await allWelcomed(world, since);
  world.say("first connection", "all_connected_ms", (at.at(-1) ?? Number.NaN) - since, "ms");
}

/** @param settleMs before it is measured: what connecting left to do is not idleness */
export async function idle(world: World, { settleMs, ms }: { settleMs: number; ms: number }): Promise<void> {
  const { coordinator, fleet, say } = world;
  world.doing(`${fleet.size} workers are idle`);
  await rest(world, settleMs);
  await coordinator.metrics();
  const [from, busyBefore, beatsBefore] = [
    sharedNow(),
    await processorMs(coordinator.pid),
    fleet.counts.heartbeats,
  ];
  await rest(world, ms);
  const tookMs = sharedNow() - from;
  const busyMs = (await processorMs(coordinator.pid)) - busyBefore;
  const beats = fleet.counts.heartbeats - beatsBefore;
  const { resident, highest } = await memoryBytes(coordinator.pid);
  say("idle", "coordinator_cpu_percent", (busyMs / tookMs) * 100, "%");
  say("idle", "coordinator_resident_mib", resident / mib, "MiB");
  say("idle", "coordinator_resident_highest_mib", highest / mib, "MiB");
  say("idle", "heartbeats_per_s", beats / (tookMs / 1000), "/s");
  sayLoop(world, "idle", await coordinator.metrics());
}

/** Runs of one step that ends at once, far apart. */
export async function latency(
  world: World,
  { runs, everyMs }: { runs: number; everyMs: number },
): Promise<void> {
  world.doing(`${runs} runs of one step`);
  world.fleet.tell({ kind: "mode", holds: false });
  const { finished } = world.fleet.counts;
  const { ms } = await submitted(world, runs, everyMs);
  await world.fleet.until("all results are stored", () => world.fleet.counts.finished >= finished + runs);
  sayQuantiles(world, "single runs", "submit_to_start", ms);
}

/** As many steps as there are workers, at once; they go on running. */
export async function burst(world: World): Promise<void> {
  const { fleet, client, coordinator, say } = world;
  world.doing(`a run of ${fleet.size} steps`);
  fleet.tell({ kind: "mode", holds: true });
  const before = fleet.tasks.length;
  await coordinator.metrics();
  const from = sharedNow();
  await client.submit({ dag: shapes["fan-out"](fleet.size) });
  await fleet.until("a step runs on every worker", () => fleet.tasks.length >= before + fleet.size);
  const ms = fleet.tasks.slice(before).map(({ at }) => at - from);
  const on = `burst of ${fleet.size} steps`;
  sayQuantiles(world, on, "submit_to_start", ms);
  say(on, "submit_to_last_start_ms", Math.max(...ms), "ms");
  sayLoop(world, on, await coordinator.metrics());
}

/** All that runs succeeds. */
export async function release(world: World): Promise<void> {
  const { fleet } = world;
  const enough = fleet.counts.finished + fleet.size - fleet.lost.length;
  fleet.tell({ kind: "release" });
  await fleet.until("all results are stored", () => fleet.counts.finished >= enough);
}

/** From the call until the worker has it. */
export async function cancel(
  world: World,
  { runs, everyMs }: { runs: number; everyMs: number },
): Promise<void> {
  const { fleet, client } = world;
  for (const [on, pauseMs] of [
    ["cancels one by one", everyMs],
    ["cancels at once", 0],
  ] as const) {
    world.doing(`${runs} ${on}`);
    fleet.tell({ kind: "mode", holds: true });
    const { ids } = await submitted(world, runs, everyMs);
    const { finished } = fleet.counts;
    const calledAt = await paced(world, runs, pauseMs, (index) => client.cancel(ids[index] ?? ""));
    await fleet.until("all cancels came", () => ids.every((id) => fleet.cancelledAt.has(id)));
    await fleet.until("all cancels are answered", () => fleet.counts.finished >= finished + runs);
    const came = ids.map((id, index) => (fleet.cancelledAt.get(id) ?? 0) - (calledAt[index] ?? 0));
    sayQuantiles(world, on, "cancel_to_worker", came);
  }
}

/** @returns by the number of each run: how long until its step was at a worker, and the run's id */
async function submitted(world: World, runs: number, everyMs: number) {
  const { client, fleet } = world;
  const before = fleet.tasks.length;
  const at = await paced(world, runs, everyMs, (number) =>
    client.submit({ dag: numbered, params: { number } }),
  );
  await fleet.until("all steps have started", () => fleet.tasks.length >= before + runs);
  const tasks = fleet.tasks
    .slice(before)
    .toSorted(({ number: one }, { number: two }) => Number(one) - Number(two));
  const ms = tasks.map(({ number, at: startedAt }) => startedAt - (at[Number(number)] ?? Number.NaN));
  return { ms, ids: tasks.map(({ run }) => run) };
}

function sayQuantiles({ say }: World, on: string, metric: string, ms: readonly number[]): void {
  say(on, `${metric}_p50_ms`, quantile(ms, 0.5), "ms");
  say(on, `${metric}_p99_ms`, quantile(ms, 0.99), "ms");
}
