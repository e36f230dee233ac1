/**
 * The one place that turns a path from outside into a path on this disk. Rules: relative, `/` between segments, no
 * empty segment, `.` or `..`, no control or bidirectional character, no backslash, no drive letter, no leading `~`,
 * no trailing dot or space, no Windows device name, in Unicode NFC; nothing that a second decoding would turn into a
 * separator or into `..` (`%2f`, full-width characters); no folder of git, whose files are programs; at most 240 bytes
 * and 16 segments.
 */

import { join } from "node:path";
import { FaultError } from "./fault.ts";

export const pathBytesMax = 240;
export const pathSegmentsMax = 16;

const deviceName = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;
// C0 and C1 controls, and the characters that change the direction of text: what is shown must be what is meant.
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const hiddenCharacter = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** What is wrong with the path, or undefined when it is a good one. */
export function pathProblem(path: string): string | undefined {
  if (path === "") return "is empty";
  if (!path.isWellFormed()) return "is not well-formed Unicode";
  if (Buffer.byteLength(path) > pathBytesMax) return `is longer than ${pathBytesMax} bytes`;
  if (path !== path.normalize("NFC")) return "is not in Unicode normal form C";
  if (path.startsWith("/")) return "is absolute";
  if (path.startsWith("~")) return "starts with ~";
  if (path.includes("\\")) return "contains a backslash";
  if (/^[A-Za-z]:/.test(path)) return "starts with a drive letter";
  if (hiddenCharacter.test(path)) return "contains a control or bidirectional character";
  if (/%[0-9A-Fa-f]{2}/.test(path)) return "contains a percent escape";
  if (hasLookAlike(path)) return "contains a character that looks like a dot, a slash or a backslash";
  const segments = path.split("/");
  if (segments.length > pathSegmentsMax) return `is deeper than ${pathSegmentsMax} segments`;
  for (const segment of segments) {
    const problem = segmentProblem(segment);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Whether compatibility folding makes more of what separates and climbs. */
function hasLookAlike(path: string): boolean {
  const count = (text: string): number => text.match(/[./\\]/g)?.length ?? 0;
  return count(path.normalize("NFKC")) !== count(path);
}

function segmentProblem(segment: string): string | undefined {
  if (segment === "") return "has an empty segment";
  if (segment === "." || segment === "..") return `has the segment "${segment}"`;
  if (/[. ]$/.test(segment)) return "has a segment that ends in a dot or a space";
  if (segment.toLowerCase() === ".git") return "goes into a folder of git";
  if (deviceName.test(segment)) return "has a segment that is a Windows device name";
  return undefined;
}

/** Joins a path from outside to a folder of ours. Throws `bad_path`. */
export function safeJoin(folder: string, path: string): string {
  const problem = pathProblem(path);
  if (problem !== undefined)
    throw new FaultError("invalid", "bad_path", `the path ${JSON.stringify(path)} ${problem}`);
  return join(folder, path);
}
