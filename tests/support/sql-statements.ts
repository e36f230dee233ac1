/** A migration as its single statements. Each ends at the end of a line; a trigger or a function with its own `end` or `$$`. */
export function statementsOf(sql: string): string[] {
  const statements: string[] = [];
  let lines: string[] = [];
  for (const line of sql.split("\n")) {
    const bare = line.replace(/--.*$/, "").trim();
    if (bare === "" && lines.length === 0) continue;
    lines.push(line);
    if (!bare.endsWith(";")) continue;
    const text = lines.join("\n");
    const isTrigger = /^\s*create trigger[^;]*\bbegin\b/i.test(text);
    const isOpen = (isTrigger && !/^end;$/i.test(bare)) || (text.match(/\$\$/g) ?? []).length % 2 === 1;
    if (isOpen) continue;
    statements.push(text);
    lines = [];
  }
  if (lines.some((line) => line.replace(/--.*$/, "").trim() !== "")) statements.push(lines.join("\n"));
  return statements;
}
