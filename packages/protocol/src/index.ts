/** Nouns, their wire forms, the services and a client that speaks nouns. */

export * from "./client.ts";
export * from "./limits.ts";
export * from "./model/dag.ts";
export * from "./model/env-name.ts";
export * from "./model/event.ts";
export * from "./model/fence.ts";
export * from "./model/ids.ts";
export * from "./model/json.ts";
export * from "./model/outcome.ts";
export * from "./model/problem.ts";
export * from "./model/run.ts";
export * from "./model/session.ts";
export * from "./model/snapshot-report.ts";
export * from "./model/task.ts";
export * from "./model/worker-info.ts";
export * from "./services.ts";
export * from "./wire/attempt-wire.ts";
export * from "./wire/enums.ts";
export * from "./wire/fault-codes.ts";
export * from "./wire/fields.ts";
export * from "./wire/run-wire.ts";
export * from "./wire/session-wire.ts";
export * from "./wire/snapshot-wire.ts";
export * from "./wire/task-wire.ts";
export * from "./wire/worker-wire.ts";
