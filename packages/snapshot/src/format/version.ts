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

export interface FormatRange {
  readonly min: number;
  readonly max: number;
}

/** `format 1` or `formats 1 to 2`. */
export const formatsText = ({ min, max }: FormatRange): string =>
  min === max ? `format ${min}` : `formats ${min} to ${max}`;

const readHere: FormatRange = { min: formatVersionMin, max: formatVersionMax };
const whoOpened = "the program that opened it (the worker, or the haversack command)";

const shownMax = 100;

/** From a pack, which may hold anything of any length. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
}

/** What keeps us from reading this version, and which side to upgrade; undefined: nothing does. */
export function versionProblem(version: unknown, reads: FormatRange = readHere): string | undefined {
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1) {
    return `the snapshot has no format version: ${shown(version)} is none`;
  }
  if (version >= reads.min && version <= reads.max) return undefined;
  const both = `the snapshot has format ${version}, and this program reads ${formatsText(reads)}`;
  if (version > reads.max) return `${both}: upgrade ${whoOpened} to one that reads format ${version}`;
  return `${both}: upgrade the coordinator that built it, and submit the run again`;
}

/** For a feature that a pack requires and this reader does not know. */
export function featureProblem(feature: unknown): string {
  const known = features.join(", ");
  return `the snapshot requires the feature ${shown(feature)}, and this program knows ${known}: upgrade ${whoOpened} to one that knows it`;
}

/** For a top-level key that is kept for a later version. */
export function reservedKeyProblem(key: string): string {
  return `the snapshot has the key ${shown(key)}, which is kept for a later format, and this program reads ${formatsText(readHere)}: upgrade ${whoOpened}`;
}
