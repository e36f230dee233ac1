/** `npm run chaos -- [--minutes M] [--seed S] [--store STORE]`: faults at random, and a judge. */

import { parseArgs } from "node:util";
import { FaultError, messageOf } from "@haversack/base";
import { type ChaosAsked, runChaos } from "./chaos.ts";
import { namespaceTrouble } from "./namespace.ts";
import { planDigest } from "./plan.ts";
import { planFor } from "./settings.ts";

const usage = `usage: npm run chaos -- [--minutes M] [--seed S] [--store sqlite|postgres|postgres://...] [--plan] [--keep]

Starts coordinators and workers as real processes, gives them work, and kills, freezes, cuts off and restarts them at
random; then judges whether anything was lost, done twice, out of order or left running.

  --minutes  how long faults happen (default 1); what is under way is then given time to end
  --seed     repeats the plan of faults and the DAGs of another run (default: by chance)
  --store    what to keep the truth in; postgres: the server that HAVERSACK_STORE or TEST_POSTGRES_URL names
  --plan     print the plan and do nothing
  --keep     keep the folder of the run; it is kept anyway when a promise was broken

The last line of the output is one JSON object. Exit code 0: all promises were kept and faults really happened;
1: not so, and "violations" says what; 2: wrong usage; 3: it could not be run.
`;

type Asked = Omit<ChaosAsked, "hasNamespace"> & { readonly planOnly: boolean };

function asked(args: readonly string[]): Asked {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "1" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      store: { type: "string", default: "sqlite" },
      plan: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 1440))
    throw new Error(`--minutes: more than 0, at most 1440, not ${values.minutes}`);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new Error(`--seed: a whole number from 0, not ${values.seed}`);
  const { store, keep, plan: planOnly } = values;
  if (!/^(sqlite|postgres|postgres(ql)?:\/\/.*)$/.test(store))
    throw new Error(`--store: sqlite, postgres or postgres://..., not ${store}`);
  return { minutes, seed, store, keep, planOnly };
}

async function main(args: readonly string[]): Promise<number> {
  let given: Asked;
  try {
    given = asked(args);
  } catch (error) {
    process.stderr.write(`chaos: ${messageOf(error)}\n\n${usage}`);
    return 2;
  }
  const trouble = await namespaceTrouble();
  const hasNamespace = trouble === undefined;
  if (!hasNamespace)
    process.stderr.write(`chaos: no network namespaces here (${trouble}): those faults are left out\n`);
  if (given.planOnly) {
    const plan = planFor({ ...given, hasNamespace });
    for (const fault of plan) process.stdout.write(`${JSON.stringify(fault)}\n`);
    process.stdout.write(
      `${JSON.stringify({ seed: given.seed, planned: plan.length, plan: planDigest(plan) })}\n`,
    );
    return 0;
  }
  try {
    const report = await runChaos(
      { ...given, hasNamespace },
      (line) => void process.stderr.write(`${line}\n`),
    );
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return report.ok ? 0 : 1;
  } catch (error) {
    const text = error instanceof FaultError ? error.message : ((error as Error).stack ?? messageOf(error));
    process.stderr.write(`chaos: ${text}\n`);
    return 3;
  }
}

process.exitCode = await main(process.argv.slice(2));
