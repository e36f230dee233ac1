/** What this package writes and reads. A change of a section is a new version or a new feature, never a silent edit. */

export const formatName = "haversack-snapshot";
/** What the builder writes. */
export const formatVersion = 1;
/** What this reader reads; sent in the worker's hello. */
export const formatVersionMin = 1;
export const formatVersionMax = 1;

/** Features that a pack may ask of its reader, in order of their names. */
export const features = ["mcp", "memory.ops", "skills"] as const;
export type Feature = (typeof features)[number];

/** Top-level keys that later versions may use; a v1 reader refuses them by name. */
export const reservedKeys: ReadonlySet<string> = new Set([
  "base",
  "delta",
  "encryption",
  "extensions",
  "parents",
  "signatures",
]);
