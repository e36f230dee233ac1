/** Runs, dispatch, store, API: what starts a coordinator. */

export type { CoordinatorAsked } from "./config/options.ts";
export { type Coordinator, createCoordinator } from "./coordinator.ts";
export { dagJsonSchema } from "./dag/json-schema.ts";
export { readPlannableDag } from "./dag/plannable-dag.ts";
