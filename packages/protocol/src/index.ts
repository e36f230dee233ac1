/** Nouns, their wire forms, the services and a client that speaks nouns. */

export * from "./model/dag.ts";
export * from "./model/event.ts";
export * from "./model/fence.ts";
export * from "./model/ids.ts";
export * from "./model/json.ts";
export * from "./model/outcome.ts";
export * from "./model/problem.ts";
export * from "./model/run.ts";
export * from "./model/session.ts";
export * from "./model/task.ts";
export * from "./model/worker-info.ts";
