/** What a step of a Dagu file runs, as the text and the shell of a `run` step. */

import type { Losses } from "./losses.ts";
import { shellOf } from "./root-values.ts";
import type { Entry, Section } from "./section.ts";
import { isScalar, listOf, quoted, textsOf, wordsOf } from "./values.ts";

export interface Command {
  readonly script: string;
  readonly shell?: readonly string[];
  readonly comments: readonly string[];
}

const shells = new Set(["sh", "bash", "zsh", "dash", "ksh"]);

export const isShell = (shell: readonly string[] | undefined): boolean =>
  shell === undefined || shells.has(shell[0]?.split("/").at(-1) ?? "");

/** @param rootShell of the DAG */
export function commandOf(
  step: Section,
  rootShell: readonly string[] | undefined,
  losses: Losses,
): Command | undefined {
  const command = step.take("command", "run");
  const script = step.take("script");
  const args = textsOf(step.take("args")?.value ?? []);
  const shell = shellOf(step.take("shell"), losses) ?? rootShell;
  const chosen = shell === undefined ? {} : { shell };
  const text = commandText(command, args);
  if (script !== undefined && isScalar(script.value)) {
    const body = String(script.value);
    const own = text === undefined ? shebang(body) : wordsOf(text);
    return { script: body, ...(own === undefined ? chosen : { shell: own }), comments: [] };
  }
  if (text === undefined) return undefined;
  const comments =
    Array.isArray(command?.value) && command.value.length > 1
      ? ["Commands of a list: the first that fails ends the step."]
      : [];
  return { script: text, ...chosen, comments };
}

function commandText(command: Entry | undefined, args: readonly string[]): string | undefined {
  if (command === undefined) return undefined;
  const lines = listOf(command.value).filter(isScalar).map(String);
  return [lines.join("\n"), ...args.map(quoted)].join(" ");
}

/** `#!/usr/bin/env python3` is [python3]; a shell's options stay with it. */
function shebang(script: string): readonly string[] | undefined {
  const [, line] = /^#!\s*(.+)$/m.exec(script.startsWith("#!") ? script : "") ?? [];
  if (line === undefined) return undefined;
  const words = wordsOf(line.trim());
  return words[0] === "/usr/bin/env" ? words.slice(words[1] === "-S" ? 2 : 1) : words;
}

/** Goes to a folder before anything else; Dagu's relative folders are those of its server. */
export function folderLines(folder: string): string[] {
  if (folder.startsWith("~/")) return [`cd "$HOME/${folder.slice(2)}"`];
  return [folder.includes("$") ? `cd "${folder}"` : `cd ${quoted(folder)}`];
}

export interface Wrapping {
  readonly prelude: readonly string[];
  readonly output?: string;
}

/** The text of `run`, with what has to come before it, and with its standard output as an output. */
export function wrapped(
  { script, shell }: Omit<Command, "comments">,
  { prelude, output }: Wrapping,
): Omit<Command, "comments"> {
  const before = prelude.join("\n");
  if (output === undefined && before === "") return shell === undefined ? { script } : { script, shell };
  const isOther = !isShell(shell);
  const inner = isOther ? inFile(script, shell ?? []) : script.trimEnd();
  const kept = isOther || shell === undefined ? {} : { shell };
  const start = before === "" ? "" : `${before}\n`;
  if (output === undefined) return { script: `${start}${inner}\n`, ...kept };
  const end = `END_OF_${output}`;
  const lines = [
    "set -e",
    "result=$(",
    `set -e\n${start}${inner}`,
    ")",
    `printf '%s\\n' "$result"`,
    `printf '%s\\n' '${output}<<${end}' "$result" ${end} >> "$HAVERSACK_OUTPUT"`,
  ];
  return { script: `${lines.join("\n")}\n`, ...kept };
}

/** A script for another program than a shell. */
function inFile(script: string, program: readonly string[]): string {
  return `cat > step-script <<'END_OF_SCRIPT'\n${script.trimEnd()}\nEND_OF_SCRIPT\n${program.map(quoted).join(" ")} step-script`;
}
