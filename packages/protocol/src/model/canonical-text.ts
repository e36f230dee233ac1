/** Bytes as text that has one form. */

/** The last character carries four bits: one text for each value. */
export function isCanonical(text: string | undefined): text is string {
  return text !== undefined && Buffer.from(text, "base64url").toString("base64url") === text;
}
