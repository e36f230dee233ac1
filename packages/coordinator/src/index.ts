/** Runs, dispatch, store, API: what starts a coordinator. */

export type { CoordinatorAsked } from "./config/options.ts";
export { type Coordinator, createCoordinator } from "./coordinator.ts";
