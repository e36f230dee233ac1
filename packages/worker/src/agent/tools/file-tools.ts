/** `read`, `write` and `edit`. */

import { z } from "zod";
import { defineTool, type Tool, ToolError, text } from "./tool.ts";
import type { Workspace } from "./workspace.ts";

const readLinesMax = 2000;

const pathField = z
  .string()
  .min(1)
  .describe("Relative to the work folder, or absolute inside it or inside a skill");

export function readTool(workspace: Workspace): Tool {
  return defineTool({
    name: "read",
    description: `Reads a text file of at most 1 MiB, up to ${readLinesMax} lines at a time.`,
    input: z.object({
      path: pathField,
      offset: z.int().min(1).optional().describe("First line to read, from 1"),
      limit: z.int().min(1).max(readLinesMax).optional().describe(`Number of lines, at most ${readLinesMax}`),
    }),
    prepare({ path, offset = 1, limit = readLinesMax }) {
      const place = workspace.locate(path);
      return {
        subjects: [{ tool: "read", value: place.shown }],
        summary: place.shown,
        run: async () => text(window(await workspace.readText(place), offset, limit)),
      };
    },
  });
}

function window(content: string, offset: number, limit: number): string {
  if (content === "") return "[the file is empty]";
  const lines = content.split("\n");
  const count = content.endsWith("\n") ? lines.length - 1 : lines.length;
  if (offset === 1 && count <= limit) return content;
  const part = lines.slice(offset - 1, Math.min(count, offset - 1 + limit));
  if (part.length === 0) return `[the file has ${count} lines]`;
  const last = offset + part.length - 1;
  const rest = last < count ? `; continue with offset ${last + 1}` : "";
  return `${part.join("\n")}\n[lines ${offset} to ${last} of ${count}${rest}]`;
}

export function writeTool(workspace: Workspace): Tool {
  return defineTool({
    name: "write",
    description: "Makes a file in the work folder, or replaces one as a whole.",
    input: z.object({ path: pathField, content: z.string().max(1_048_576) }),
    prepare({ path, content }) {
      const place = workspace.locate(path);
      const bytes = Buffer.byteLength(content);
      return {
        subjects: [{ tool: "write", value: place.shown }],
        summary: `${place.shown} (${bytes} bytes)`,
        async run() {
          await workspace.writeText(place, content);
          return text(`wrote ${bytes} bytes to ${place.shown}`);
        },
      };
    },
  });
}

export function editTool(workspace: Workspace): Tool {
  return defineTool({
    name: "edit",
    description:
      "Replaces text in a file of the work folder. The old text must occur exactly once, or set all.",
    input: z.object({
      path: pathField,
      old: z.string().min(1).describe("The text as it is in the file, with its white space"),
      new: z.string(),
      all: z.boolean().optional().describe("Replace every occurrence"),
    }),
    prepare({ path, old, new: replacement, all = false }) {
      const place = workspace.locate(path);
      return {
        subjects: [{ tool: "edit", value: place.shown }],
        summary: place.shown,
        async run() {
          const parts = (await workspace.readText(place)).split(old);
          const count = parts.length - 1;
          if (count === 0) throw new ToolError(`the old text does not occur in ${place.shown}`);
          if (count > 1 && !all) {
            throw new ToolError(
              `the old text occurs ${count} times in ${place.shown}; give more of it, or set all`,
            );
          }
          await workspace.writeText(place, parts.join(replacement));
          return text(`replaced ${count} ${count === 1 ? "occurrence" : "occurrences"} in ${place.shown}`);
        },
      };
    },
  });
}
