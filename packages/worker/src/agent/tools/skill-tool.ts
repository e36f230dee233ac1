/** `skill`: hands out the instructions of one of the step's skills, once, and says where its files lie. */

import { z } from "zod";
import { defineTool, type Tool, text } from "./tool.ts";
import { skillsVariable } from "./workspace.ts";

export interface SkillOnDisk {
  readonly name: string;
  readonly description: string;
  /** `SKILL.md` without its front matter. */
  readonly body: string;
  /** Absolute. */
  readonly folder: string;
  /** Relative to the folder. */
  readonly files: readonly string[];
}

/** There must be at least one skill. */
export function skillTool(skills: readonly SkillOnDisk[]): Tool {
  const activated = new Set<string>();
  const byName = new Map(skills.map((skill) => [skill.name, skill]));
  return defineTool({
    name: "skill",
    description: "Activates a skill: answers with its instructions and the place of its files.",
    input: z.object({ name: z.enum([...byName.keys()]) }),
    prepare: ({ name }) => ({
      subjects: [],
      summary: name,
      async run() {
        const skill = byName.get(name);
        if (skill === undefined) return text(`there is no skill "${name}"`);
        if (activated.has(name))
          return text(`the skill "${name}" is active already; its instructions are above`);
        activated.add(name);
        return text(introduce(skill));
      },
    }),
  });
}

function introduce(skill: SkillOnDisk): string {
  return [
    `<skill name="${skill.name}">`,
    skill.body.trim(),
    "</skill>",
    `Folder of the skill: ${skill.folder}`,
    `In bash: $${skillsVariable}/${skill.name}. Paths in the instructions above are relative to it; it is read-only.`,
    `Files: ${skill.files.join(", ")}`,
  ].join("\n");
}
