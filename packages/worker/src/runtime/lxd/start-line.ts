/**
 * What a container starts. LXC splits its init line at spaces and knows no quotes, and LXD writes variables into a file of
 * lines; so words and variables that are not plain travel as a script of printf escapes, which the container's shell
 * spells out before it becomes the command.
 */

import type { ContainerSpec } from "../container.ts";
import { refused } from "../runtime-faults.ts";

export interface StartLine {
  /** Absent: the image's `/sbin/init`, as the engine starts it. */
  readonly init?: string;
  /** Those that the engine can set, for `exec` as well. */
  readonly env: ReadonlyMap<string, string>;
}

/** An image of theirs names no command: what it starts is this. */
const imageInit = "/sbin/init";
/** In whose argument list the kernel allows 128 KiB for one word. */
const textMax = 120 * 1024;

export function startLineOf(spec: Pick<ContainerSpec, "entrypoint" | "command" | "env">): StartLine {
  const plain = new Map([...spec.env].filter(([, value]) => isPlain(value)));
  const others = [...spec.env].filter(([name]) => !plain.has(name));
  if (spec.entrypoint === undefined && spec.command === undefined && others.length === 0) {
    return { env: plain };
  }
  const exports = others.map(([name, value]) => `export ${variableName(name)}=${quoted(value)}; `).join("");
  const words = [...(spec.entrypoint ?? [imageInit]), ...(spec.command ?? [])];
  if (others.length === 0 && words[0]?.startsWith("/") === true && words.every(isBare)) {
    return { env: plain, init: bounded(words.join(" ")) };
  }
  const script = escaped(`${exports}exec ${words.map(quoted).join(" ")}`);
  return { env: plain, init: `/bin/sh -c eval\t"$(printf\t%b\t"${bounded(script)}")"` };
}

function bounded(text: string): string {
  if (text.length <= textMax) return text;
  throw refused(
    `its command and its variables are ${text.length} bytes as the engine takes them; at most ${textMax}`,
  );
}

/** One line, and nothing at its ends that a parser would trim. */
const isPlain = (value: string): boolean => /^[^\p{Cc}]*$/u.test(value) && value === value.trim();

/** Nothing of it means anything to LXC's parser. */
const isBare = (word: string): boolean => /^[\w./:=@%+,-]+$/.test(word);

function variableName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw refused(
    `the variable ${JSON.stringify(name)} has a value of several lines, and a name that no shell takes`,
  );
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** As `printf %b` reads it, within double quotes, without a space, quote or line end. */
function escaped(script: string): string {
  let text = "";
  for (const byte of Buffer.from(script)) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9/._=:,-]/.test(character) ? character : `\\\\0${byte.toString(8).padStart(3, "0")}`;
  }
  return text;
}
