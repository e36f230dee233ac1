/**
 * Strings that look like keys. A pack may be stored, cached, compared and shown, so none may enter one. A hit names the
 * place and the pattern, never the text; a false positive is excused by the SHA-256 of the match.
 */

import { SnapshotError } from "../errors.ts";
import { pathText } from "../format/canonical-json.ts";
import type { SnapshotContent } from "../format/content.ts";
import { digestOf } from "../format/digest.ts";

export interface KeyLikeHit {
  readonly pattern: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** SHA-256 of the match in hex: what `.allowed-strings` holds. */
  readonly digest: string;
}

interface Pattern {
  readonly name: string;
  /** The match, or its group `secret`, is what may be excused. */
  readonly form: RegExp;
  /** A second look at the match. */
  readonly accept?: (match: string) => boolean;
}

// No pattern repeats inside a repetition, so that a scan is linear in the text.
const patterns: readonly Pattern[] = [
  { name: "private key block", form: /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY( BLOCK)?-----/g },
  { name: "Anthropic API key", form: /\bsk-ant-[A-Za-z0-9_-]{16,256}/g },
  { name: "OpenAI or OpenRouter API key", form: /\bsk-(?!ant-)[A-Za-z0-9_-]{20,256}/g, accept: hasDigit },
  { name: "Google API key", form: /\bAIza[A-Za-z0-9_-]{35}/g },
  { name: "AWS access key id", form: /\b(AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { name: "GitHub token", form: /\b(gh[opusr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})/g },
  { name: "GitLab token", form: /\bglpat-[A-Za-z0-9_-]{20,64}/g },
  { name: "Slack token", form: /\bxox[abeoprs]-[A-Za-z0-9-]{10,256}/g },
  { name: "Stripe key", form: /\b[rs]k_(live|test)_[A-Za-z0-9]{16,128}/g },
  { name: "Hugging Face token", form: /\bhf_[A-Za-z0-9]{30,64}/g, accept: hasDigit },
  { name: "npm token", form: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { name: "Groq API key", form: /\bgsk_[A-Za-z0-9]{40,64}/g },
  { name: "xAI API key", form: /\bxai-[A-Za-z0-9]{40,128}/g },
  {
    name: "JSON web token",
    form: /\beyJ[A-Za-z0-9_-]{8,2048}\.eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,2048}/g,
  },
  {
    name: "password in a URL",
    form: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@'"<>]{1,128}:(?<secret>[^\s/@'"<>]{3,256})@/gi,
    accept: isNotPlaceholder,
  },
  {
    name: "assignment of a long random string",
    form: /(?:key|token|secret|passw(?:or)?d|credential)["']?[ \t]{0,4}[:=][ \t]{0,4}["']?(?<secret>[A-Za-z0-9+/_.~-]{24,512}={0,2})/gi,
    accept: isRandom,
  },
];

/** More than these say nothing new, and finding the line of each costs a walk over the text. */
const hitsMax = 20;

/** Hits that are not excused, in the order of the patterns; the first 20. */
export function scanText(text: string, allowed: ReadonlySet<string> = new Set()): KeyLikeHit[] {
  const hits: KeyLikeHit[] = [];
  for (const { name, form, accept } of patterns) {
    for (const match of text.matchAll(form)) {
      const secret = match.groups?.["secret"] ?? match[0];
      if (accept !== undefined && !accept(secret)) continue;
      const digest = digestOf(secret).slice("sha256:".length);
      if (hits.length >= hitsMax) return hits;
      if (!allowed.has(digest)) hits.push({ pattern: name, ...placeOf(text, match.index), digest });
    }
  }
  return hits;
}

/** A pack's last look at itself: every text that is in it. Throws `key_like_string` with the place. */
export function checkForKeys(content: SnapshotContent, allowed: ReadonlySet<string>): void {
  visit(content, [], (text, path) => {
    const [hit] = scanText(text, allowed);
    if (hit === undefined) return;
    throw new SnapshotError("key_like_string", `${placeInPack(content, path)}:${hit.line}: ${hitText(hit)}`);
  });
}

/** What a person is told about a hit. */
export function hitText({ pattern, digest }: KeyLikeHit): string {
  return (
    `looks like a secret (${pattern}). Name a reference instead ({ secret: name } or { env: NAME }), ` +
    `or, if it is none, add the line ${digest} to .allowed-strings of the agent library`
  );
}

type Visitor = (text: string, path: readonly (string | number)[]) => void;

function visit(value: unknown, path: readonly (string | number)[], visitor: Visitor): void {
  if (typeof value === "string") {
    visitor(value, path);
    if (path.at(-1) === "base64") visitor(binaryText(value), path);
  } else if (Array.isArray(value)) value.forEach((item, index) => visit(item, [...path, index], visitor));
  else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      visitor(key, path);
      visit(item, [...path, key], visitor);
    }
  }
}

/** One character for each byte: enough to find keys, which are ASCII. */
function binaryText(base64: string): string {
  return Buffer.from(base64, "base64").toString("latin1");
}

/** `skills/release-notes/scripts/x.sh` for the text of a file, else the path of the JSON value. */
function placeInPack(content: SnapshotContent, path: readonly (string | number)[]): string {
  const [section, index, list, file] = path;
  if (section === "skills" && list === "files" && typeof index === "number" && typeof file === "number") {
    const skill = content.skills[index];
    return `skills/${skill?.name}/${skill?.files[file]?.path}`;
  }
  return pathText(path);
}

function placeOf(text: string, index: number): { line: number; column: number } {
  const before = text.slice(0, index);
  return { line: before.split("\n").length, column: index - before.lastIndexOf("\n") };
}

function hasDigit(text: string): boolean {
  return /[0-9]/.test(text);
}

/** `user:password@` of an example, or a variable, gives nothing away. */
function isNotPlaceholder(secret: string): boolean {
  return !/^([$<{*]|%s|x{3,}|pass(word|wd)?$|secret$|token$)/i.test(secret);
}

const bitsPerCharacterMin = 3.7;

/** Letters of both kinds or digits among letters, spread too evenly for a name. */
function isRandom(text: string): boolean {
  return (
    hasDigit(text) &&
    /[A-Za-z]/.test(text) &&
    !/^[a-z]+([._/-][a-z0-9]+)*$/.test(text) &&
    entropy(text) > bitsPerCharacterMin
  );
}

/** Shannon, in bits for each character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
