/** `glob` and `grep`. A file that may not be read is not found either. */

import { z } from "zod";
import type { Policy } from "../policy.ts";
import { defineTool, type Tool, ToolError, text } from "./tool.ts";
import type { Place, Workspace } from "./workspace.ts";

const resultsMax = 500;
const lineLengthMax = 300;
const patternLengthMax = 200;

const folderField = z.string().min(1).optional().describe("Folder to look in; default: the work folder");

export function globTool(workspace: Workspace, policy: Policy): Tool {
  return defineTool({
    name: "glob",
    description: "Lists files whose path matches a pattern such as `**/*.md`.",
    input: z.object({ pattern: z.string().min(1).max(patternLengthMax), path: folderField }),
    prepare({ pattern, path = "." }) {
      const folder = workspace.locate(path);
      return {
        subjects: [],
        summary: `${pattern} in ${folder.shown}`,
        async run() {
          const { places, complete } = await readable(workspace, policy, folder, pattern);
          return text(
            listing(
              places.map(({ shown }) => shown),
              complete,
            ),
          );
        },
      };
    },
  });
}

export function grepTool(workspace: Workspace, policy: Policy): Tool {
  return defineTool({
    name: "grep",
    description: "Finds lines that contain a text. Answers with `file:line: text`.",
    input: z.object({
      text: z.string().min(1).max(patternLengthMax).describe("Plain text, no regular expression"),
      path: folderField,
      glob: z
        .string()
        .min(1)
        .max(patternLengthMax)
        .optional()
        .describe("Only files whose path matches, such as `**/*.ts`"),
      ignoreCase: z.boolean().optional(),
    }),
    prepare({ text: wanted, path = ".", glob = "**", ignoreCase = false }) {
      const folder = workspace.locate(path);
      const fold = (line: string): string => (ignoreCase ? line.toLowerCase() : line);
      return {
        subjects: [],
        summary: `${JSON.stringify(wanted)} in ${folder.shown}`,
        async run(signal) {
          const { places, complete } = await readable(workspace, policy, folder, glob);
          const found: string[] = [];
          for (const place of places) {
            signal.throwIfAborted();
            found.push(...(await matches(workspace, place, (line) => fold(line).includes(fold(wanted)))));
            if (found.length > resultsMax) break;
          }
          return text(listing(found, complete));
        },
      };
    },
  });
}

async function readable(
  workspace: Workspace,
  policy: Policy,
  folder: Place,
  glob: string,
): Promise<{ readonly places: readonly Place[]; readonly complete: boolean }> {
  const { places, complete } = await workspace.find(folder, glob);
  const allowed = places.filter(({ shown }) => policy.judge({ tool: "read", value: shown }).kind === "allow");
  return { places: allowed, complete };
}

async function matches(
  workspace: Workspace,
  place: Place,
  isMatch: (line: string) => boolean,
): Promise<string[]> {
  const content = await workspace.readText(place).catch((error: unknown) => {
    // Binary, too large or gone by now: nothing to find there.
    if (error instanceof ToolError) return "";
    throw error;
  });
  return content
    .split("\n")
    .flatMap((line, index) =>
      isMatch(line) ? [`${place.shown}:${index + 1}: ${line.slice(0, lineLengthMax)}`] : [],
    );
}

function listing(lines: readonly string[], complete: boolean): string {
  if (lines.length === 0)
    return complete ? "[nothing found]" : "[nothing found; the folder is too large to search whole]";
  const shown = lines.slice(0, resultsMax).join("\n");
  if (lines.length > resultsMax) return `${shown}\n[the first ${resultsMax}; narrow the search]`;
  return complete ? shown : `${shown}\n[the folder is too large to search whole; narrow the search]`;
}
