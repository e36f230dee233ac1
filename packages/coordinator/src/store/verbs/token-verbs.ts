/** Tokens of people and programs. The store has their hashes and never themselves. */

import { FaultError } from "@haversack/base";
import { type ApiToken, type TokenRole, tokenRoles } from "@haversack/protocol";
import { integer, integerOrNone, text } from "../rows.ts";
import type { Row } from "../statement.ts";
import {
  tokenGet,
  tokenInsert,
  tokensBefore,
  tokenUsed as use,
  tokenRevoke as withdraw,
} from "../statements/token.ts";
import type { VerbContext } from "../verb.ts";

export interface StoredToken extends ApiToken {
  /** SHA-256 of the whole token, hex. */
  readonly hash: string;
}

export type NewToken = Omit<StoredToken, "lastUsedAt" | "revokedAt">;

export async function tokenCreate({ tx }: VerbContext, token: NewToken): Promise<void> {
  const { id, name, role, hash, createdAt, createdBy, expiresAt } = token;
  await tx.run(tokenInsert, id, name, role, hash, createdAt, createdBy, expiresAt);
}

/** @returns whether it was valid until now. Rejects when there is none. */
export async function tokenRevoke(
  { tx }: VerbContext,
  { id, now }: { readonly id: string; readonly now: number },
): Promise<boolean> {
  if ((await tx.run(withdraw, id, now)) > 0) return true;
  if ((await tx.one(tokenGet, id)) !== undefined) return false;
  throw new FaultError(
    "missing",
    "unknown_token",
    `there is no token ${id}; \`haversack token list\` lists them`,
  );
}

export async function tokenUsed(
  { tx }: VerbContext,
  { id, at }: { readonly id: string; readonly at: number },
): Promise<void> {
  await tx.run(use, id, at);
}

export async function tokenRead(
  { tx }: VerbContext,
  { id }: { readonly id: string },
): Promise<StoredToken | undefined> {
  const row = await tx.one(tokenGet, id);
  return row === undefined ? undefined : { ...tokenOf(row), hash: text(row, "hash") };
}

/** Newest first. @param before place of the last one of the page before; 0: from the newest on */
export async function tokensList(
  { tx }: VerbContext,
  { before, limit }: { readonly before: number; readonly limit: number },
): Promise<{ readonly place: number; readonly token: ApiToken }[]> {
  const rows = await tx.all(tokensBefore, before, limit);
  return rows.map((row) => ({ place: integer(row, "no"), token: tokenOf(row) }));
}

function tokenOf(row: Row): ApiToken {
  const [lastUsedAt, revokedAt] = [integerOrNone(row, "last_used_at"), integerOrNone(row, "revoked_at")];
  return {
    id: text(row, "id"),
    name: text(row, "name"),
    role: roleOf(text(row, "role")),
    createdAt: integer(row, "created_at"),
    createdBy: text(row, "created_by"),
    expiresAt: integer(row, "expires_at"),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
    ...(revokedAt === undefined ? {} : { revokedAt }),
  };
}

function roleOf(word: string): TokenRole {
  const role = tokenRoles.find((each) => each === word);
  if (role === undefined) throw new FaultError("bug", "bad_row", `the role ${word} is none of a token`);
  return role;
}
