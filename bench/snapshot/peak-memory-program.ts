/**
 * One phase in a process of its own: `PHASE FOLDER measure|prepare`. `prepare` does everything but the measured part,
 * so that the difference of two such processes is what the phase itself needed at its peak.
 */

import { FaultError } from "@haversack/base";
import { peakMemoryBytes } from "../../tests/support/peak-memory.ts";
import { phaseNames, phases } from "./phases.ts";

const [name, folder = "", mode] = process.argv.slice(2);
const known = phaseNames.find((each) => each === name);
if (known === undefined) throw new FaultError("bug", "bench_phase", `there is no phase ${name}`);
const measured = await phases[known](folder);
if (mode === "measure") await measured(0);
process.stdout.write(`${peakMemoryBytes()}\n`);
