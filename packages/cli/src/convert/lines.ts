/** A DAG file that is being written: keys in their order, with the comments above them. */

import { printYaml } from "@haversack/snapshot";

export interface Line {
  readonly key: string;
  /** Plain data, or steps with comments of their own. */
  readonly value: unknown;
  readonly comments?: readonly string[];
}

/** A list of maps whose keys may have comments. */
export class Blocks {
  readonly items: readonly (readonly Line[])[];

  constructor(items: readonly (readonly Line[])[]) {
    this.items = items;
  }
}

/** A map of such maps, each with comments above its name. */
export class Sections {
  readonly items: readonly {
    readonly name: string;
    readonly comments: readonly string[];
    readonly lines: readonly Line[];
  }[];

  constructor(items: Sections["items"]) {
    this.items = items;
  }
}

/** Leaves out what says nothing. */
export const filled = (lines: readonly Line[]): Line[] =>
  lines.filter(({ value }) => value !== undefined && !isEmpty(value));

function isEmpty(value: unknown): boolean {
  if (value instanceof Blocks || value instanceof Sections) return value.items.length === 0;
  if (value instanceof Map) return value.size === 0;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

export const printLines = (lines: readonly Line[]): string => lines.map(printLine).join("");

function printLine({ key, value, comments = [] }: Line): string {
  const remarks = comments.map((text) => `# ${text}\n`).join("");
  if (value instanceof Sections) {
    const sections = value.items.map(
      ({ name, comments: own, lines }) =>
        `${own.map((text) => `  # ${text}\n`).join("")}  ${name}:\n${indented(printLines(lines))}`,
    );
    return `${remarks}${key}:\n${sections.join("\n")}`;
  }
  if (!(value instanceof Blocks)) return `${remarks}${printYaml({ [key]: value }, flowLevelOf(key, value))}`;
  const items = value.items.map((item) => asItem(printLines(item)));
  return `${remarks}${key}:\n${items.join("\n")}`;
}

/** Short lists in one line, and each parameter in one. */
function flowLevelOf(key: string, value: unknown): number {
  if (Array.isArray(value) && JSON.stringify(value).length < 80) return 1;
  return key === "params" ? 2 : -1;
}

/** Under a dash; comments that come first stay above it. */
function asItem(text: string): string {
  const lines = text.trimEnd().split("\n");
  const first = lines.findIndex((line) => !line.startsWith("#"));
  return lines
    .map((line, index) => {
      if (line === "") return "\n";
      return `${index === first ? "  - " : index < first ? "  " : "    "}${line}\n`;
    })
    .join("");
}

const indented = (text: string): string => text.replace(/^(?=.)/gm, "    ");
