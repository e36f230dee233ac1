/**
 * What an agent's tools may do: rules of the form `tool(glob)`, first those that deny, then those that ask, then those
 * that allow; the first one that matches decides, else the default. It is a guard rail against mistakes, not a wall
 * against an attacker: with `sandbox: none` a command that is allowed can do what the worker's user can do.
 */

import { FaultError } from "@haversack/base";
import { splitCommand } from "./shell-parts.ts";

export interface PermissionRules {
  readonly deny: readonly string[];
  readonly ask: readonly string[];
  readonly allow: readonly string[];
  readonly default: "allow" | "ask" | "deny";
}

/** What a call wants to do: a path for file tools, a command line for `bash`. */
export interface PolicySubject {
  readonly tool: string;
  readonly value: string;
}

export interface Verdict {
  readonly kind: "allow" | "ask" | "deny";
  /** The rule that decided, or what else did; for people and for the model. */
  readonly because: string;
}

export interface Policy {
  judge(subject: PolicySubject): Verdict;
}

interface Rule {
  readonly kind: Verdict["kind"];
  readonly text: string;
  readonly tool: RegExp;
  readonly pattern: RegExp;
}

/** Throws `bad_permission` for a rule that is none. */
export function makePolicy(rules: PermissionRules): Policy {
  const inOrder = (["deny", "ask", "allow"] as const).flatMap((kind) =>
    rules[kind].map((text) => parseRule(kind, text)),
  );
  const judge = ({ tool, value }: PolicySubject): Verdict => {
    const rule = inOrder.find((candidate) => candidate.tool.test(tool) && candidate.pattern.test(value));
    if (rule !== undefined) return { kind: rule.kind, because: `the rule ${rule.kind} "${rule.text}"` };
    return {
      kind: rules.default,
      because: `no rule for ${tool}(${value}), and the default is ${rules.default}`,
    };
  };
  return {
    judge: (subject) =>
      subject.tool === "bash" ? judgeCommand(subject.value, inOrder, judge) : judge(subject),
  };
}

/** Every part of a command line has to pass; the strictest verdict counts. */
function judgeCommand(
  command: string,
  rules: readonly Rule[],
  judge: (subject: PolicySubject) => Verdict,
): Verdict {
  const split = splitCommand(command);
  if (split.kind === "opaque") return judgeOpaque(command.trim(), split.why, rules);
  const verdicts = split.parts.map((value) => judge({ tool: "bash", value }));
  const strictest =
    verdicts.find(({ kind }) => kind === "deny") ?? verdicts.find(({ kind }) => kind === "ask");
  return strictest ?? verdicts[0] ?? { kind: "deny", because: "the command is empty" };
}

/**
 * A wildcard proves nothing about text that may hide another command, so such a line needs a rule that is this very
 * text, or rules that leave nothing of bash to be checked.
 */
function judgeOpaque(command: string, why: string, rules: readonly Rule[]): Verdict {
  const ofBash = rules.filter((rule) => rule.tool.test("bash"));
  const own = ofBash.find((rule) => rule.text === `bash(${command})`);
  if (own !== undefined) return { kind: own.kind, because: `the rule ${own.kind} "${own.text}"` };
  const free =
    ofBash.every((rule) => rule.kind === "allow") && ofBash.some(({ text }) => /^bash(\(\*\))?$/.test(text));
  if (free) return { kind: "allow", because: "every command is allowed" };
  return { kind: "deny", because: `${why}, so it cannot be checked part by part; write it more plainly` };
}

function parseRule(kind: Verdict["kind"], text: string): Rule {
  const [, tool, glob] = /^([A-Za-z0-9_*-]+)(?:\((.*)\))?$/s.exec(text) ?? [];
  if (tool === undefined) {
    throw new FaultError(
      "invalid",
      "bad_permission",
      `the permission rule ${JSON.stringify(text)} must look like tool(glob)`,
    );
  }
  const pattern = tool === "bash" ? commandPattern(glob ?? "*") : pathPattern(glob ?? "**");
  return { kind, text, tool: commandPattern(aliasOf(tool)), pattern };
}

/** Finding a file is reading it. */
function aliasOf(tool: string): string {
  return tool === "glob" || tool === "grep" ? "read" : tool;
}

/** In a command, and in the name of a tool, `*` stands for anything. */
function commandPattern(glob: string): RegExp {
  return new RegExp(`^${glob.split("*").map(escape).join("[^]*")}$`);
}

/** In a path `*` and `?` stay within a segment, `**` does not. */
export function pathPattern(glob: string): RegExp {
  const source = glob.replaceAll(/\*\*\/|\*\*|\*|\?|[^*?]+/g, (token) => {
    if (token === "**/") return "(?:[^]*/)?";
    if (token === "**") return "[^]*";
    if (token === "*") return "[^/]*";
    return token === "?" ? "[^/]" : escape(token);
  });
  return new RegExp(`^${source}$`);
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}
