/** `mcp.json`: MCP servers in the shape that other tools share. `${VAR}` and `${VAR:-default}` become references. */

import { z } from "zod";
import type { McpReference, McpServer, McpText } from "../format/content.ts";
import { idSetting } from "../plan/settings.ts";
import { isSensitiveName } from "./model-file.ts";

const reference = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

const text = z.string().refine((value) => !value.replace(reference, "").includes("${"), {
  error: "has a ${ that is neither ${NAME} nor ${NAME:-default}",
});
const texts = z.record(z.string(), text);

const commandServer = z.strictObject({
  type: z.literal("stdio").optional(),
  command: text.min(1),
  args: z.array(text).optional(),
  env: texts.optional(),
});

const urlServer = z.strictObject({
  type: z.enum(["http", "sse"]),
  url: text.min(1),
  headers: texts
    .superRefine((headers, context) => {
      for (const [name, value] of Object.entries(headers)) {
        if (!isSensitiveName(name) || value.search(reference) >= 0) continue;
        context.addIssue({ code: "custom", path: [name], message: "must name a variable, such as ${TOKEN}" });
      }
    })
    .optional(),
});

/** The kind is told by the keys, so that a problem is about the kind that was meant. */
export function serverSchemaOf(value: unknown): typeof commandServer | typeof urlServer {
  const isUrl = typeof value === "object" && value !== null && ("url" in value || "headers" in value);
  return isUrl ? urlServer : commandServer;
}

export const mcpSchema = z.strictObject({ mcpServers: z.record(idSetting, z.unknown()) });

export function mcpServer(
  name: string,
  file: z.infer<typeof commandServer> | z.infer<typeof urlServer>,
): McpServer {
  if ("url" in file) {
    return { name, type: file.type, url: mcpText(file.url), headers: mapTexts(file.headers ?? {}) };
  }
  const { command, args = [], env = {} } = file;
  return { name, type: "stdio", command: mcpText(command), args: args.map(mcpText), env: mapTexts(env) };
}

function mapTexts(texts: Readonly<Record<string, string>>): Record<string, McpText> {
  return Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, mcpText(value)]));
}

export function mcpText(value: string): McpText {
  const pieces: (string | McpReference)[] = [];
  let end = 0;
  for (const match of value.matchAll(reference)) {
    const [whole, env = "", fallback] = match;
    if (match.index > end) pieces.push(value.slice(end, match.index));
    pieces.push({ env, default: fallback ?? null });
    end = match.index + whole.length;
  }
  if (pieces.length === 0) return value;
  if (end < value.length) pieces.push(value.slice(end));
  return pieces;
}
