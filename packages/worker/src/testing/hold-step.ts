/**
 * A worker's part that can be killed: opens the host, starts one script and says when the script said something.
 * Arguments: the ending, the id of the worker, the script.
 */

import { silentLog, systemClock, systemRandom } from "@haversack/base";
import type { EndingKind } from "../config/ending.ts";
import { openStepHost } from "../execute/step-host.ts";

const [ending = "auto", workerId = "", script = ""] = process.argv.slice(2);
const path = process.env["PATH"] ?? "";
const ports = { clock: systemClock, random: systemRandom, log: silentLog };
const host = await openStepHost({ ending: ending as EndingKind, workerId, path }, ports);
const env = new Map([
  ["PATH", path],
  ["HAVERSACK_WORKER_ID", workerId],
  ["HAVERSACK_FENCE", systemRandom.id()],
]);
const argv = ["bash", "-c", script];
const tree = host.start({ argv, cwd: "/", env, markedBy: "HAVERSACK_FENCE", channel: "none" });
tree.stdout.pipe(process.stdout);
tree.stderr.pipe(process.stderr);
await tree.exit;
