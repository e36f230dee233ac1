/** Bytes of a file as they stand in a pack: text where they are valid UTF-8, else base64. */

import type { FileMode, SkillFile } from "./content.ts";

// A byte order mark is part of the text, and invalid bytes throw: nothing is altered on the way.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text, or undefined when the bytes are not valid UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function packFile(path: string, mode: FileMode, bytes: Uint8Array): SkillFile {
  const text = decodeText(bytes);
  if (text !== undefined) return { path, mode, text };
  return { path, mode, base64: bytes.toBase64() };
}

/** A fresh copy, because bytes cannot be frozen. */
export function fileBytes(file: SkillFile): Uint8Array {
  return "text" in file ? new TextEncoder().encode(file.text) : Uint8Array.fromBase64(file.base64);
}

/** Bytes of the file, without decoding it. */
export function fileSize(file: SkillFile): number {
  if ("text" in file) return utf8Length(file.text);
  const padding = file.base64.endsWith("==") ? 2 : Number(file.base64.endsWith("="));
  return (file.base64.length / 4) * 3 - padding;
}

export function utf8Length(text: string): number {
  return Buffer.byteLength(text);
}

/** Whether the base64 is needed and is the one spelling of its bytes. */
export function isCanonicalBase64(base64: string): boolean {
  const bytes = Uint8Array.fromBase64(base64);
  return decodeText(bytes) === undefined && bytes.toBase64() === base64;
}
