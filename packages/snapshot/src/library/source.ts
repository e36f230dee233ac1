/** One file of the library while it is parsed: where its problems go, and how a schema reads it. */

import type { z } from "zod";
import { hitText, scanText } from "../build/scan-secrets.ts";
import { decodeText } from "../format/files.ts";
import { type FrontMatter, splitFrontMatter } from "../format/front-matter.ts";
import { type Position, type ProblemCode, unknownPosition } from "../plan/problem.ts";
import type { LibraryProblem } from "./library.ts";
import type { LibraryFile } from "./read-folder.ts";
import { fieldProblems } from "./schema-problems.ts";
import { parseYaml, type YamlDocument } from "./yaml.ts";

/** Collects the problems of all files; `label` is what they call the library's folder. */
export interface Findings {
  readonly label: string;
  readonly allowedStrings: ReadonlySet<string>;
  readonly problems: LibraryProblem[];
}

export interface Source {
  /** Such as `models/main`. */
  readonly item: string;
  readonly code: ProblemCode;
  readonly path: string;
  readonly findings: Findings;
}

export function fileName({ path, findings }: Pick<Source, "path" | "findings">): string {
  return `${findings.label}/${path}`;
}

export function report(
  source: Source,
  message: string,
  field = "",
  position: Position = unknownPosition,
): void {
  const { item, code, findings } = source;
  findings.problems.push({ item, file: fileName(source), ...position, field, code, message });
}

/** The text of a file, or a problem; whatever looks like a key in it is one too. */
export function textOf(source: Source, file: LibraryFile): string | undefined {
  const text = decodeText(file.bytes);
  if (text === undefined) report(source, "is not valid UTF-8");
  else reportKeys(source, text);
  return text;
}

export function reportKeys(source: Source, text: string): void {
  for (const hit of scanText(text, source.findings.allowedStrings)) {
    const { line, column } = hit;
    report({ ...source, code: "key_like_string" }, hitText(hit), "", { line, column });
  }
}

export interface Parsed<T> {
  readonly value: T;
  readonly locate: (field: string) => Position;
}

/** A YAML text that a schema accepts; else undefined, with every problem reported. */
export function readYaml<S extends z.ZodType>(
  source: Source,
  text: string,
  schema: S,
  lineOffset = 0,
): Parsed<z.infer<S>> | undefined {
  const document = parseYaml(text, lineOffset);
  for (const { message, field, position } of document.problems) report(source, message, field, position);
  return document.problems.length > 0 ? undefined : readValue(source, document, schema);
}

/** `parent`: the field that the value stands in, when it is a part of a file. */
export function readValue<S extends z.ZodType>(
  source: Source,
  { value, locate }: Pick<YamlDocument, "value" | "locate">,
  schema: S,
  parent = "",
): Parsed<z.infer<S>> | undefined {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, locate };
  for (const { field, message } of fieldProblems(parsed.error, schema, value)) {
    const full = parent === "" || field === "" ? parent + field : `${parent}.${field}`;
    report(source, message, full, locate(full));
  }
  return undefined;
}

/** A Markdown file whose front matter a schema accepts. Without front matter the schema sees an empty object. */
export function readMarkdown<S extends z.ZodType>(
  source: Source,
  text: string,
  schema: S,
): (Parsed<z.infer<S>> & { readonly body: string }) | undefined {
  const parts: FrontMatter = splitFrontMatter(text);
  const yaml = parts.yaml === undefined || parts.yaml.trim() === "" ? "{}" : parts.yaml;
  const parsed = readYaml(source, yaml, schema, parts.yamlLine);
  return parsed && { ...parsed, body: parts.body };
}
