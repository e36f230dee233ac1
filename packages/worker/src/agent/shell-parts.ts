/**
 * Takes a command line apart into the commands that it runs one after another, so that each can be judged alone. It
 * understands quotes and the separators `; | & newline`; whatever may hide a command inside (substitution, here
 * documents, files as input or output) makes the line opaque. Words are joined by one space and lose their quotes, so a rule is
 * written the way one would say the command.
 */

export type CommandParts =
  | { readonly kind: "parts"; readonly parts: readonly string[] }
  | { readonly kind: "opaque"; readonly why: string };

interface Reading {
  readonly parts: string[];
  words: string[];
  /** Undefined between words, so that an empty pair of quotes is a word. */
  word: string | undefined;
}

/** Two streams joined, or one thrown away. */
const harmlessRedirection = /^(\d?>&\d|(\d|&)?>>?\s*\/dev\/null)(?=[\s;|&]|$)/;

export function splitCommand(command: string): CommandParts {
  const reading: Reading = { parts: [], words: [], word: undefined };
  for (let at = 0; at < command.length; ) {
    const harmless =
      reading.word === undefined ? harmlessRedirection.exec(command.slice(at))?.[0] : undefined;
    if (harmless !== undefined) {
      at += harmless.length;
      continue;
    }
    const why = hiddenCommand(command, at);
    if (why !== undefined) return { kind: "opaque", why };
    const next = readToken(command, at, reading);
    if (next === undefined) return { kind: "opaque", why: "a quote is not closed" };
    at = next;
  }
  endPart(reading);
  return { kind: "parts", parts: reading.parts };
}

/** Reads one character or one quoted text; answers where to go on, or undefined for a quote without end. */
function readToken(command: string, at: number, reading: Reading): number | undefined {
  const char = command[at] ?? "";
  if (char === "'") {
    const end = command.indexOf("'", at + 1);
    if (end < 0) return undefined;
    reading.word = (reading.word ?? "") + command.slice(at + 1, end);
    return end + 1;
  }
  if (char === '"') return readDoubleQuoted(command, at + 1, reading);
  if (char === "\\") {
    // A backslash before a line end joins the lines.
    if (command[at + 1] !== "\n") reading.word = (reading.word ?? "") + (command[at + 1] ?? "");
    return at + 2;
  }
  if (/[;|&\n]/.test(char)) endPart(reading);
  else if (/\s/.test(char)) endWord(reading);
  else reading.word = (reading.word ?? "") + char;
  return at + 1;
}

function readDoubleQuoted(command: string, from: number, reading: Reading): number | undefined {
  reading.word ??= "";
  for (let at = from; at < command.length; at++) {
    const char = command[at] ?? "";
    if (char === '"') return at + 1;
    if (char === "\\" && /[$`"\\\n]/.test(command[at + 1] ?? "")) at++;
    reading.word += command[at] ?? "";
  }
  return undefined;
}

/** Why the text at this place may hide a command. Single quotes were skipped by the caller; double ones hide nothing. */
function hiddenCommand(command: string, at: number): string | undefined {
  if (command[at] === "'" || command[at] === "\\") return undefined;
  const rest = command.slice(at, command[at] === '"' ? closingQuote(command, at) : at + 2);
  if (/(^|[^\\])(\\\\)*(\$\(|`)/.test(rest)) return "it has a command substitution";
  if (command[at] === '"') return undefined;
  if (rest.startsWith("${")) return "it has a parameter expansion in braces";
  if (rest === "<(" || rest === ">(") return "it has a process substitution";
  if (rest === "<<") return "it has a here document";
  if (rest[0] === "<" || rest[0] === ">") return "it redirects to or from a file";
  if (rest[0] === "(" || rest[0] === ")" || rest[0] === "{") return "it groups commands";
  return undefined;
}

function closingQuote(command: string, open: number): number {
  for (let at = open + 1; at < command.length; at++) {
    if (command[at] === "\\") at++;
    else if (command[at] === '"') return at;
  }
  return command.length;
}

function endWord(reading: Reading): void {
  if (reading.word !== undefined) reading.words.push(reading.word);
  reading.word = undefined;
}

function endPart(reading: Reading): void {
  endWord(reading);
  if (reading.words.length > 0) reading.parts.push(reading.words.join(" "));
  reading.words = [];
}
