/** `think` and `todo`: they change nothing, and help some models to stay on course. */

import { z } from "zod";
import { defineTool, type Tool, text } from "./tool.ts";

export function thinkTool(): Tool {
  return defineTool({
    name: "think",
    description: "Writes down a thought. Nothing happens.",
    input: z.object({ thought: z.string().max(20_000) }),
    prepare: () => ({ subjects: [], summary: "", run: async () => text("noted") }),
  });
}

export function todoTool(): Tool {
  return defineTool({
    name: "todo",
    description: "Keeps the list of what is to be done. Give the whole list each time.",
    input: z.object({
      items: z
        .array(z.object({ text: z.string().max(500), state: z.enum(["open", "active", "done"]) }))
        .max(100),
    }),
    prepare({ items }) {
      const done = items.filter(({ state }) => state === "done").length;
      const lines = items.map(
        ({ text, state }) => `[${state === "done" ? "x" : state === "active" ? ">" : " "}] ${text}`,
      );
      return {
        subjects: [],
        summary: `${done} of ${items.length} done`,
        run: async () => text(lines.join("\n")),
      };
    },
  });
}
