/** The sentences of the rehearsal's report, each one computed from the facts of this run. */

import type { Facts } from "./facts.ts";

const author =
  "> Written by Haversack's rehearsal model, which is a script and not a language model. The facts, tables and numbers\n" +
  "> are those of this run; the sentences follow a fixed pattern. Set up a real model for a report with judgement.";

/** Replaces each line that asks for prose, and says at the top who wrote it. */
export function fillOutline(outline: string, facts: Facts): string {
  const lines = outline.split("\n").map((line) => {
    const asked = /^<!-- write: ([a-z]+)/.exec(line)?.[1];
    return asked === undefined ? line : (prose[asked]?.(facts) ?? "");
  });
  const firstSection = lines.findIndex((line) => line.startsWith("## "));
  lines.splice(firstSection, 0, author, "");
  return `${lines.join("\n").trimEnd()}\n`;
}

const prose: Readonly<Record<string, (facts: Facts) => string>> = {
  summary: (facts) => {
    const [first] = languages(facts);
    const most =
      first === undefined
        ? ""
        : ` Most lines are ${first.name}: ${share(first.lines, Number(facts.value("lines")))}.`;
    return `The repository ${facts.value("repository")} holds ${count(facts, "files", "file")} with ${count(facts, "lines", "line")} of text, in ${count(facts, "commits", "commit")} by ${count(facts, "authors", "author")}.${most}${shallow(facts)}`;
  },
  history: (facts) => {
    const [author] = facts.block("most commits by author").map(counted);
    const most =
      author === undefined
        ? ""
        : ` ${author.rest} made ${author.count} of the ${count(facts, "commits", "commit")}.`;
    const days = facts.value("first day") === facts.value("last day") ? "All commits are of one day." : "";
    return `${days}${most}${shallow(facts)}`.trim() || "The facts say no more about the history.";
  },
  languages: (facts) => {
    const all = languages(facts);
    const total = Number(facts.value("lines"));
    const three = all.slice(0, 3).map(({ name, lines }) => `${name} (${share(lines, total)})`);
    return `By lines of text: ${three.join(", ")}. Languages are told by the ending of a file's name, so generated files count too.`;
  },
  largest: (facts) => {
    const [first] = facts.block("bytes file").map(counted);
    if (first === undefined) return "There is no file.";
    return `The largest file has ${first.count} of ${facts.value("bytes")} bytes, ${share(first.count, Number(facts.value("bytes")))}.`;
  },
  notes: (facts) => {
    const notes = Number(facts.value("notes"));
    if (notes === 0) return "Nobody left a TODO, FIXME, HACK or XXX in the text.";
    const shown = facts.block("file:line:text").length;
    return `There ${notes === 1 ? "is 1 note" : `are ${notes} notes`}; ${shown === notes ? "all are" : `the first ${shown} are`} listed. Which of them matter cannot be told from the facts.`;
  },
};

interface Language {
  readonly name: string;
  readonly lines: number;
}

function languages(facts: Facts): Language[] {
  return facts.block("lines files language").map((line) => {
    const [lines = "0", , ...name] = line.split(" ");
    return { name: name.join(" "), lines: Number(lines) };
  });
}

function counted(line: string): { readonly count: number; readonly rest: string } {
  const [, count = "0", rest = ""] = /^\s*(\d+)\s(.*)$/s.exec(line) ?? [];
  return { count: Number(count), rest };
}

/** Such as "1 author". */
export function count(facts: Facts, key: string, noun: string): string {
  const value = facts.value(key);
  return `${value} ${noun}${value === "1" ? "" : "s"}`;
}

function share(part: number, total: number): string {
  return total === 0 ? "0 %" : `${((100 * part) / total).toFixed(1)} %`;
}

function shallow(facts: Facts): string {
  if (facts.value("shallow") !== "true") return "";
  return " This is a shallow clone: its history is cut, so commits and authors are lower bounds.";
}
