/** Session, hydrate, execute, agent: what starts a worker. */

export type { WorkerAsked } from "./config/options.ts";
export { createWorker, type Worker } from "./worker.ts";
