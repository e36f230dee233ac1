/** `skills/<name>/`: a whole folder, in the words of the open Agent Skills specification. */

import { z } from "zod";
import type { SkillBundle } from "../format/content.ts";
import { jsonRecord } from "../format/envelope.ts";
import { packFile } from "../format/files.ts";
import { comparePaths, pathProblems } from "../format/paths.ts";
import type { Located } from "./library.ts";
import type { LibraryFile } from "./read-folder.ts";
import { fileName, readMarkdown, report, reportKeys, type Source, textOf } from "./source.ts";

/** Loose: other agents have keys of their own, and a skill must not need a change to run here. */
const skillSchema = z.looseObject({
  name: z.string(),
  description: z.string().min(1).max(1024),
  license: z.string().optional(),
  compatibility: z.string().min(1).max(500).optional(),
  metadata: jsonRecord.optional(),
  "allowed-tools": z
    .union([z.string(), z.array(z.string())], "is neither text nor a list of text")
    .optional(),
});

/** The files' paths are relative to the skill's folder. Undefined: problems were reported. */
export function readSkill(
  source: Omit<Source, "path">,
  name: string,
  files: readonly LibraryFile[],
): Located<SkillBundle> | undefined {
  const main: Source = { ...source, path: `skills/${name}/SKILL.md` };
  const before = source.findings.problems.length;
  const manifest = files.find(({ path }) => path === "SKILL.md");
  if (manifest === undefined) report(main, "is missing: a skill is a folder with a SKILL.md");
  checkFiles(source, name, files);
  const text = manifest && textOf(main, manifest);
  const parsed = text === undefined ? undefined : readMarkdown(main, text, skillSchema);
  if (parsed !== undefined && parsed.value.name !== name) {
    const message = `is ${JSON.stringify(parsed.value.name)}, but the folder is called ${JSON.stringify(name)}`;
    report(main, message, "name", parsed.locate("name"));
  }
  if (parsed === undefined || source.findings.problems.length > before) return undefined;
  return { value: skillOf(name, parsed.value, files), file: fileName(main), locate: parsed.locate };
}

function checkFiles(source: Omit<Source, "path">, name: string, files: readonly LibraryFile[]): void {
  for (const [path, problem] of pathProblems(files.map(({ path }) => path))) {
    report({ ...source, path: `skills/${name}/${path}`, code: "bad_path" }, `its path ${problem}`);
  }
  for (const { path, bytes } of files) {
    if (path === "SKILL.md") continue;
    const file = packFile(path, "0644", bytes);
    const text = "text" in file ? file.text : Buffer.from(bytes).toString("latin1");
    reportKeys({ ...source, path: `skills/${name}/${path}` }, text);
  }
}

function skillOf(
  name: string,
  manifest: z.infer<typeof skillSchema>,
  files: readonly LibraryFile[],
): SkillBundle {
  const allowed = manifest["allowed-tools"] ?? [];
  return {
    name,
    description: manifest.description,
    allowedTools: typeof allowed === "string" ? splitTools(allowed) : allowed,
    files: files
      .toSorted((a, b) => comparePaths(a.path, b.path))
      .map(({ path, mode, bytes }) => packFile(path, mode, bytes)),
  };
}

/** At spaces, but not at those inside the parentheses of a rule: `bash(git log *) read`. */
export function splitTools(text: string): string[] {
  const tools: string[] = [];
  let depth = 0;
  let current = "";
  for (const character of text) {
    if (character === "(") depth++;
    if (character === ")") depth = Math.max(0, depth - 1);
    const separator = depth === 0 && /[\s,]/.test(character);
    if (!separator) current += character;
    else if (current !== "") tools.push(current);
    if (separator) current = "";
  }
  return current === "" ? tools : [...tools, current];
}
