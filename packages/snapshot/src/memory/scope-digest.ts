/** The name of what a scope held when it was read: the digest of its canonical JSON without `base`. */

import { canonicalJson } from "../format/canonical-json.ts";
import type { MemoryScope } from "../format/content.ts";
import { digestOf } from "../format/digest.ts";

/** Topics must be sorted by path. */
export function scopeDigest({ text, topics }: Pick<MemoryScope, "text" | "topics">): string {
  return digestOf(canonicalJson({ text, topics }));
}
