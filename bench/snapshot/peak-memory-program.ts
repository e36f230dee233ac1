/**
 * One phase in a process of its own: `PHASE FOLDER measure|prepare`. `prepare` does everything but the measured part,
 * so that the difference of two such processes is what the phase itself needed at its peak.
 */

import { FaultError, readIfThere } from "@haversack/base";
import { phaseNames, phases } from "./phases.ts";

const [name, folder = "", mode] = process.argv.slice(2);
const known = phaseNames.find((each) => each === name);
if (known === undefined) throw new FaultError("bug", "bench_phase", `there is no phase ${name}`);
const measured = await phases[known](folder);
if (mode === "measure") await measured(0);
process.stdout.write(`${await peakKibibytes()}\n`);

/** On Linux a process begins with the maximum of its parent, which would hide its own; this figure is its own alone. */
async function peakKibibytes(): Promise<number> {
  const status = (await readIfThere("/proc/self/status"))?.toString("latin1") ?? "";
  const [, own] = /^VmHWM:\s*(\d+) kB$/m.exec(status) ?? [];
  return own === undefined ? process.resourceUsage().maxRSS : Number(own);
}
