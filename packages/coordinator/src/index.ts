/** Runs, dispatch, store, API: what starts a coordinator. */

export type { CoordinatorAsked } from "./config/options.ts";
export { type Coordinator, createCoordinator } from "./coordinator.ts";
export { dagJsonSchema } from "./dag/json-schema.ts";
export { readPlannableDag } from "./dag/plannable-dag.ts";
export { type ImageManifest, parseImageManifest } from "./images/manifest.ts";
export { type Backup, backUp } from "./maintenance/backup.ts";
export type { Checked } from "./maintenance/check/check.ts";
export { checkStore } from "./maintenance/check/check-store.ts";
export type { PutIn } from "./maintenance/copy/put-postgres.ts";
export { type MigratedStore, migrateStore } from "./maintenance/migrate-store.ts";
export { moveToPostgres } from "./maintenance/move-store.ts";
export { type Restored, restoreBackup } from "./maintenance/restore.ts";
export { type RestoredToPostgres, restoreIntoPostgres } from "./maintenance/restore-postgres.ts";
