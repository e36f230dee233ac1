/** The text of a statement for PostgreSQL, and the name under which a connection prepares it once. */

import type { Statement } from "./statement.ts";

export interface PreparedText {
  readonly name: string;
  readonly text: string;
  /** It changes rows. A read that locks does not. */
  readonly writes: boolean;
}

const known = new WeakMap<Statement, PreparedText>();
let count = 0;

export function preparedText(statement: Statement): PreparedText {
  const before = known.get(statement);
  if (before !== undefined) return before;
  const text = statement.postgres ?? statement.sqlite.replaceAll(/\?(\d+)/g, "$$$1");
  const fresh = { name: `h${++count}`, text, writes: !/^\s*select\b/i.test(text) };
  known.set(statement, fresh);
  return fresh;
}
