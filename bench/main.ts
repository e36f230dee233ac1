/** `npm run bench -- NAME [--store STORE] [--json] [--quick]`: the one entry of all benchmarks. */

import { parseArgs } from "node:util";
import { FaultError, messageOf } from "@haversack/base";
import type { Bench, Reading, Report } from "./bench.ts";
import { benches } from "./benches.ts";
import { tables } from "./print.ts";

const usage = `usage: npm run bench -- NAME [--store sqlite|postgres|postgres://...] [--json] [--quick]

${benches.map(({ name, description }) => `  ${name}  ${description}`).join("\n")}

  --store  what to keep the truth in; postgres: the server that HAVERSACK_STORE or TEST_POSTGRES_URL names
  --json   one object a line: {bench, case, metric, value, unit}
  --quick  the smallest setting, to see that it works; its figures mean nothing
`;

/** As a shell reports a process that Ctrl-C ended. */
const interruptedExit = 130;

interface Asked {
  readonly bench: Bench;
  readonly json: boolean;
  readonly quick: boolean;
  readonly store: string;
}

/** Throws with what is wrong. */
function asked(args: readonly string[]): Asked {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      store: { type: "string", default: "sqlite" },
    },
  });
  const [name, ...more] = positionals;
  if (name === undefined) throw new Error("which benchmark?");
  if (more.length > 0) throw new Error(`one benchmark at a time, not ${positionals.join(" and ")}`);
  const bench = benches.find((bench) => bench.name === name);
  if (bench === undefined) throw new Error(`there is no benchmark ${JSON.stringify(name)}`);
  return { bench, ...values };
}

async function run({ bench, json, quick, store }: Asked): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
  const readings: Reading[] = [];
  const report: Report = {
    measured(reading) {
      const { case: on, metric, unit } = reading;
      const value = Number.isInteger(reading.value) ? reading.value : Number(reading.value.toPrecision(5));
      readings.push({ ...reading, value });
      if (json)
        process.stdout.write(`${JSON.stringify({ bench: bench.name, case: on, metric, value, unit })}\n`);
    },
    doing: (what) => void process.stderr.write(`${bench.name}: ${what}\n`),
  };
  try {
    await bench.run(report, { quick, store, signal: stopping.signal });
  } catch (error) {
    if (error instanceof FaultError && error.code === "bad_store") return misused(error);
    if (!stopping.signal.aborted) throw error;
    process.exitCode = interruptedExit;
    return;
  }
  if (!json) process.stdout.write(`\n${tables(readings)}`);
}

function misused(error: unknown): void {
  process.stderr.write(`bench: ${messageOf(error)}\n${usage}`);
  process.exitCode = 2;
}

let wanted: Asked | undefined;
try {
  wanted = asked(process.argv.slice(2));
} catch (error) {
  misused(error);
}
if (wanted !== undefined) await run(wanted);
