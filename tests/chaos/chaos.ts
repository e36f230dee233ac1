/** One run: the site, the load, the faults of the plan, time to heal, and the verdict. */

import { join } from "node:path";
import { haversack } from "../support/fleet.ts";
import { choices } from "../support/seeded-random.ts";
import { type Ground, onGround } from "./ground.ts";
import { History } from "./history.ts";
import { runLoad, type Submitted } from "./load.ts";
import { planDigest } from "./plan.ts";
import { type ChaosReport, reportOf } from "./report.ts";
import { clients, coordinatorsFor, leaseTtlMs, planFor, workers } from "./settings.ts";
import { Site } from "./site.ts";
import { injectAll } from "./timetable.ts";
import { judgeAll } from "./verdict.ts";

export interface ChaosAsked {
  readonly minutes: number;
  readonly seed: number;
  readonly store: string;
  readonly keep: boolean;
  /** Network namespaces can be made here. */
  readonly hasNamespace: boolean;
}

/** A lease, the trust after a start, the longest step and its retries: whatever hangs for longer is lost. */
const healMs = 120_000;
/** What a worker leaves behind when it is killed may live for so long. */
const orphanPatienceMs = 3000;

export async function runChaos(asked: ChaosAsked, tell: (line: string) => void): Promise<ChaosReport> {
  const isKept = (report: ChaosReport): boolean => asked.keep || !report.ok;
  return await onGround(asked, (ground) => runOn(ground, asked, tell), isKept, tell);
}

async function runOn(
  { folder, env, database, namespace }: Ground,
  asked: ChaosAsked,
  tell: (line: string) => void,
): Promise<ChaosReport> {
  const plan = planFor(asked);
  tell(`chaos: seed ${asked.seed}, ${plan.length} faults in ${asked.minutes} min, plan ${planDigest(plan)}`);
  const coordinators = coordinatorsFor(asked.store);
  const place = { folder, env, coordinators, workers, leaseTtlMs };
  await using site = await Site.start({ ...place, ...(namespace && { namespace }) });
  const history = new History(join(folder, "history.jsonl"));
  const tag = `${asked.seed}-${process.pid}`;
  const oddAnswers: string[] = [];
  const [stopping, deadline] = [new AbortController(), new AbortController()];
  const load = runLoad({
    seed: asked.seed,
    tag,
    clients,
    history,
    oddAnswers,
    client: (tries) => site.client(tries % coordinators),
    stopping: stopping.signal,
    deadline: deadline.signal,
  });
  // Told when it is waited for: until then the faults go on.
  load.catch(() => {});
  const parts = {
    site,
    orphanPatienceMs,
    chosen: choices(asked.seed ^ 0x5eed),
    cutDatabase: () => database.cut(),
    setNamespace: async (isUp: boolean) => await namespace?.set(isUp),
  };
  const faults = await injectAll(plan, asked.minutes * 60_000, history, parts);
  tell("chaos: no more faults; what is under way ends");
  stopping.abort();
  const submitted = await endedBy(load, deadline);
  const { verdicts, orphans } = await judgeAll(site, submitted, tag);
  const checked = await haversack(
    ["store", "check", "--data", site.coordinators[0]?.data ?? "", "--json"],
    env,
  );
  await history.close();
  return reportOf({
    asked,
    plan,
    faults,
    submitted,
    verdicts,
    oddAnswers,
    orphansAtEnd: orphans,
    check: checked.stdout,
  });
}

async function endedBy(
  load: Promise<readonly Submitted[]>,
  deadline: AbortController,
): Promise<readonly Submitted[]> {
  const timer = setTimeout(() => deadline.abort(), healMs);
  try {
    return await load;
  } finally {
    clearTimeout(timer);
  }
}
