import type { SkillBundle, SkillFile } from "../format/content.ts";
import { fileBytes, fileSize } from "../format/files.ts";
import { frozenCopy } from "../format/freeze.ts";
import { splitFrontMatter } from "../format/front-matter.ts";
import { byId } from "./look-up.ts";
import { refuseWrite } from "./refuse-write.ts";
import type { SkillStore } from "./stores.ts";

export function readOnlySkills(skills: readonly SkillBundle[]): SkillStore {
  const find = byId("skill", skills, ({ name }) => name);
  const summaries = frozenCopy(skills.map(({ name, description }) => ({ name, description })));
  return Object.freeze({
    list: async () => summaries,
    get: async (name: string) => find(name),
    instructions: async (name: string) => instructions(find(name)),
    files: async (name: string) => frozenCopy(find(name).files.map(info)),
    readFile: async (name: string, path: string) => fileBytes(findFile(find(name), path)),
    put: refuseWrite("skill", "put"),
    delete: refuseWrite("skill", "delete"),
  });
}

function instructions(skill: SkillBundle): string {
  const file = findFile(skill, "SKILL.md");
  return "text" in file ? splitFrontMatter(file.text).body : "";
}

function info(file: SkillFile) {
  return { path: file.path, mode: file.mode, size: fileSize(file) };
}

function findFile(skill: SkillBundle, path: string): SkillFile {
  return byId(`file of skill ${skill.name}`, skill.files, (file) => file.path)(path);
}
