/**
 * Tasks a second with their packs inside against tasks that name their pack, between two processes over loopback.
 *
 * In the path, all of it the product's own: the tasks' wire form with its copies, the batches of a worker's link, the
 * HTTP server with its interceptors, gRPC on both ends, the worker's connection and its snapshot cache, where every
 * task looks its pack up and, inline or not, finds or writes it. Each round begins with an empty cache, so a round by
 * reference pays for one real GetSnapshot and one durable write, a round inline for one durable write.
 *
 * Not in the path: the store (claims, leases, commits), placement, and the attempts themselves. They cost the same for
 * both and would hide the difference. The product never sends a pack of this size inline: that is what is compared.
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FaultError } from "@haversack/base";
import type { BenchOptions, Report } from "../../bench.ts";
import { median } from "../../measure.ts";
import { runProgram, startProgram } from "../../programs.ts";
import { assetLibrary } from "../library.ts";
import { writeSpecimen } from "../specimen.ts";
import type { Carriage, Listening, RoundDone, RoundsAsked } from "./rounds.ts";

const coordinatorEnd = fileURLToPath(import.meta.resolve("./coordinator-end.ts"));
const workerEnd = fileURLToPath(import.meta.resolve("./worker-end.ts"));

const kibibyte = 1024;

const full = {
  name: "1 MiB pack",
  packBytes: 1024 * kibibyte,
  tasks: { inline: 64, reference: 16_384 },
  rounds: 7,
  warmUpRounds: 2,
};
const quickly = {
  name: "64 KiB pack",
  packBytes: 64 * kibibyte,
  tasks: { inline: 8, reference: 64 },
  rounds: 1,
  warmUpRounds: 0,
};

export async function compareByReference(
  parent: string,
  report: Report,
  { quick, signal }: BenchOptions,
): Promise<void> {
  const setting = quick ? quickly : full;
  report.doing(`${setting.name}: inline and by reference`);
  const specimen = join(parent, "asset");
  const { compressed } = await writeSpecimen(specimen, assetLibrary(setting.packBytes));
  const folder = join(parent, "caches");
  await mkdir(folder);
  await using coordinator = startProgram<Listening>(coordinatorEnd, [specimen], signal);
  const { url } = await coordinator.answer;
  const { tasks, rounds, warmUpRounds } = setting;
  const asked: RoundsAsked = { url, specimen, folder, tasks, rounds, warmUpRounds };
  const done = await runProgram<readonly RoundDone[]>(workerEnd, [JSON.stringify(asked)], signal);
  tell(report, setting.name, compressed, done);
}

function tell(report: Report, name: string, packBytes: number, done: readonly RoundDone[]): void {
  const inline = summary(done, "inline");
  const reference = summary(done, "reference");
  if (inline.whole !== inline.tasks) {
    const message = `${inline.tasks - inline.whole} of ${inline.tasks} packs did not arrive as they were sent`;
    throw new FaultError("corrupt", "bench_packs_differ", message);
  }
  const say = (metric: string, value: number, unit: string): void =>
    report.measured({ case: name, metric, value, unit });
  say("pack_bytes", packBytes, "B");
  say("inline_tasks", inline.tasks, "tasks");
  say("inline_tasks_whole", inline.whole, "tasks");
  say("inline_tasks_per_s", inline.perSecond, "tasks/s");
  say("inline_mb_per_s", (inline.perSecond * packBytes) / 1e6, "MB/s");
  say("by_reference_tasks", reference.tasks, "tasks");
  say("by_reference_transfers", reference.transfers, "packs");
  say("by_reference_tasks_per_s", reference.perSecond, "tasks/s");
  say("by_reference_over_inline", reference.perSecond / inline.perSecond, "x");
}

function summary(done: readonly RoundDone[], carriage: Carriage) {
  const rounds = done.filter((round) => round.carriage === carriage);
  const sum = (count: (round: RoundDone) => number): number =>
    rounds.reduce((all, round) => all + count(round), 0);
  return {
    tasks: sum(({ tasks }) => tasks),
    whole: sum(({ whole }) => whole),
    transfers: sum(({ transfers }) => transfers),
    perSecond: median(rounds.map(({ tasks, ms }) => tasks / (ms / 1000))),
  };
}
