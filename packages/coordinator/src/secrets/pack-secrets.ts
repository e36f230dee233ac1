/** What a pack asks of the vault, by what is stored of it: `secret:name` beside `env:NAME` and `file:path`. */

const prefix = "secret:";

export const secretsOfPack = (references: readonly string[]): string[] =>
  references.filter((text) => text.startsWith(prefix)).map((text) => text.slice(prefix.length));
