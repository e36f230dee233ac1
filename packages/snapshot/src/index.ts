/**
 * The agent snapshot: a pack of exactly what one agent step may use, named by its content.
 *
 *   library/  the agent library, read from a folder: every problem with file, line and field
 *   plan/     which items each step needs, and why (pure but for the walk)
 *   build/    from plan to pack: encode, check, read back, compare
 *   format/   format v1, pure: canonical JSON, schema, digest, paths, order, sizes
 *   memory/   the notes of agents inside a memory scope: print, parse, what a note may be
 *   guard.ts  bytes from outside: bounded, verified, or refused with a typed error
 *   check/    a whole library, strictly: more than a run needs
 *   diff/     what is different between two packs, part by part, pure
 *   stores/   five read-only stores on the worker, and the skill files on its disk
 */

export type { AddMemoryOptions, MemoryInput, MemoryNow } from "./build/builder.ts";
export { addMemory, buildPin } from "./build/builder.ts";
export type { Pack, PackPart, PackReport } from "./build/pack.ts";
export type { PinsOutcome } from "./build/pins.ts";
export { buildPins } from "./build/pins.ts";
export type { KeyLikeHit } from "./build/scan-secrets.ts";
export { scanText } from "./build/scan-secrets.ts";
export type { Advice, LibraryCheck } from "./check/check-library.ts";
export { checkLibrary } from "./check/check-library.ts";
export type {
  ChangeKind,
  PartChange,
  PartSection,
  TextChange,
  ValueChange,
} from "./diff/diff-snapshots.ts";
export { diffSnapshots } from "./diff/diff-snapshots.ts";
export type { SnapshotErrorCode } from "./errors.ts";
export { NotInSnapshotError, ReadOnlyStoreError, SnapshotError } from "./errors.ts";
export type { JsonRecord, JsonValue } from "./format/canonical-json.ts";
export { canonicalJson } from "./format/canonical-json.ts";
export type * from "./format/content.ts";
export { digestName, digestOf, parseDigestName } from "./format/digest.ts";
export { snapshotSchema } from "./format/json-schema.ts";
export { refText } from "./format/references.ts";
export type { Feature, FormatRange } from "./format/version.ts";
export {
  features,
  formatsText,
  formatVersion,
  formatVersionMax,
  formatVersionMin,
  versionProblem,
} from "./format/version.ts";
export type { ExpectedPack, GuardedPack } from "./guard.ts";
export { guardSnapshot } from "./guard.ts";
export type { InspectedPack } from "./inspect.ts";
export { inspectPack } from "./inspect.ts";
export type { Library, LibraryMemory, LibraryProblem, Located, Profile } from "./library/library.ts";
export type { ReadLibraryOptions } from "./library/read-library.ts";
export { readLibrary, readLibraryMemory } from "./library/read-library.ts";
export type { FieldProblem } from "./library/schema-problems.ts";
export { fieldProblems } from "./library/schema-problems.ts";
export type { YamlDocument } from "./library/yaml.ts";
export { parseYaml, printYaml } from "./library/yaml.ts";
export type { SnapshotLimits } from "./limits.ts";
export { defaultLimits, limitsFromEnvironment, settleLimits } from "./limits.ts";
export type { Note } from "./memory/notes.ts";
export {
  formatNotes,
  noteDigest,
  noteProblem,
  notesBytesMax,
  notesMax,
  notesPath,
  parseNotes,
} from "./memory/notes.ts";
export { scopeDigest } from "./memory/scope-digest.ts";
export { planSnapshots } from "./plan/plan.ts";
export type * from "./plan/plannable.ts";
export type { Place, Position, Problem, ProblemCode } from "./plan/problem.ts";
export { problemText } from "./plan/problem.ts";
export type { AgentSettings } from "./plan/settings.ts";
export { agentSettingsSchema } from "./plan/settings.ts";
export type { OpenedSnapshot, SnapshotStores } from "./stores/open-snapshot.ts";
export { openContent, openSnapshot } from "./stores/open-snapshot.ts";
export type * from "./stores/stores.ts";
export { writeSkills } from "./stores/write-skills.ts";
