/** What the open skills specification asks of a skill beyond what is needed to run it. */

import { didYouMean } from "@haversack/base";
import type { SkillBundle } from "../format/content.ts";
import { splitFrontMatter } from "../format/front-matter.ts";
import { characterCount } from "../format/sizes.ts";
import type { Located } from "../library/library.ts";
import { parseYaml } from "../library/yaml.ts";
import type { Problem } from "../plan/problem.ts";
import { type Link, linksOf } from "./links.ts";

/** As the specification advises: what is longer belongs into files that are read when they are needed. */
const bodyLinesMax = 500;
const bodyTokensMax = 5000;
/** A rule of thumb; no tokenizer is exact for every model. */
const charactersPerToken = 4;
const knownKeys = ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];

export interface SkillCheck {
  readonly problems: readonly Problem[];
  readonly advice: readonly Omit<Problem, "code">[];
}

export function checkSkill(skill: Located<SkillBundle>): SkillCheck {
  const { value, file } = skill;
  const text = textOf(value, "SKILL.md");
  const { yaml = "", yamlLine, body } = splitFrontMatter(text);
  const front = frontMatter(parseYaml(yaml, yamlLine).value);
  const at = (field: string, message: string) => ({ file, ...skill.locate(field), field, message });
  const links = linksOf(text).map((link) => ({ link, message: brokenLink(value, link) }));
  return {
    problems: [
      ...front
        .filter(([key, item]) => key.startsWith("metadata.") && typeof item !== "string")
        .map(([key]) => ({ ...at(key, "is not text"), code: "invalid_skill" as const })),
      ...links.flatMap(({ link: { line, column }, message }) =>
        message === undefined
          ? []
          : [{ file, line, column, field: "", code: "invalid_skill" as const, message }],
      ),
    ],
    advice: [
      ...front
        .filter(([key]) => !key.startsWith("metadata.") && !knownKeys.includes(key))
        .map(([key]) =>
          at(key, `is a key that the skills specification does not know${didYouMean(key, knownKeys)}`),
        ),
      ...bodyAdvice(body).map((message) => ({ file, line: 0, column: 0, field: "", message })),
      ...chains(value, file),
    ],
  };
}

function textOf(skill: SkillBundle, path: string): string {
  const found = skill.files.find((file) => file.path === path);
  return found !== undefined && "text" in found ? found.text : "";
}

/** Keys of the front matter, those of `metadata` as `metadata.<key>` in the place of it. */
function frontMatter(value: unknown): [string, unknown][] {
  const entries = (of: unknown): [string, unknown][] =>
    typeof of === "object" && of !== null && !Array.isArray(of) ? Object.entries(of) : [];
  return entries(value).flatMap(([key, item]): [string, unknown][] =>
    key === "metadata"
      ? entries(item).map(([name, inner]): [string, unknown] => [`metadata.${name}`, inner])
      : [[key, item]],
  );
}

function brokenLink({ files }: SkillBundle, { target, path }: Link): string | undefined {
  if (path === undefined) return `links to ${JSON.stringify(target)}, which is outside of the skill's folder`;
  if (files.some((file) => file.path === path || file.path.startsWith(`${path}/`))) return undefined;
  const near = didYouMean(
    path,
    files.map((file) => file.path),
  );
  return `links to ${JSON.stringify(target)}, which is not in the skill's folder${near}`;
}

function bodyAdvice(body: string): string[] {
  const lines = body.split("\n").length - Number(body.endsWith("\n"));
  const tokens = Math.round(characterCount(body) / charactersPerToken);
  const advice = "move what is not always needed into files of its own";
  return [
    ...(lines > bodyLinesMax
      ? [`has ${lines} lines below its front matter, over ${bodyLinesMax}: ${advice}`]
      : []),
    ...(tokens > bodyTokensMax ? [`has about ${tokens} tokens, over ${bodyTokensMax}: ${advice}`] : []),
  ];
}

/** References go one level deep: a model that has to follow a chain of files often stops before its end. */
function chains(skill: SkillBundle, file: string): Omit<Problem, "code">[] {
  const direct = new Set(linksOf(textOf(skill, "SKILL.md")).map(({ path }) => path));
  const markdown = skill.files.filter(({ path }) => path !== "SKILL.md" && path.endsWith(".md"));
  return markdown.flatMap(({ path: from }) =>
    linksOf(textOf(skill, from), from)
      .filter(({ path }) => path !== undefined && path !== from && path !== "SKILL.md" && !direct.has(path))
      .map(({ line, column, target }) => ({
        file: file.replace(/SKILL\.md$/, from),
        line,
        column,
        field: "",
        message: `links to ${JSON.stringify(target)}, to which SKILL.md has no link: references go one level deep`,
      })),
  );
}
