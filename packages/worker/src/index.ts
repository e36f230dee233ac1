/** Session, hydrate, execute, agent: what starts a worker. */

export type { WorkerAsked } from "./config/options.ts";
export { type HostAbilities, probeHost } from "./probe-host.ts";
export { createWorker, type Worker } from "./worker.ts";
