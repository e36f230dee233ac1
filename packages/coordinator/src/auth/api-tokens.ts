/**
 * Tokens that an admin made. What the store says of one is remembered for half a second, so that a busy caller does not
 * cost a look each time: a token that is revoked is refused at once where that was done, and within a second by other
 * coordinators. Nothing is told about a token to whoever does not have it whole.
 */

import { timingSafeEqual } from "node:crypto";
import type { Clock } from "@haversack/base";
import type { ApiToken } from "@haversack/protocol";
import { type Authenticator, unauthenticated } from "./authenticate.ts";
import type { Caller } from "./caller.ts";
import { readToken, tokenHash } from "./token-text.ts";

/** What is asked of the store. */
export interface TokenRecords {
  /** Undefined: there is none. */
  read(id: string): Promise<(ApiToken & { readonly hash: string }) | undefined>;
  used(id: string, at: number): Promise<void>;
}

type Found = Awaited<ReturnType<TokenRecords["read"]>>;

const rememberMs = 500;
const rememberedMax = 1000;
/** A use is written down once in this time. */
const usedEveryMs = 60_000;
/** Compared with where there is no token, so that this takes as long. */
const nobody = "0".repeat(64);

export class ApiTokens {
  readonly #records: TokenRecords;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, { readonly until: number; readonly found: Promise<Found> }>();
  readonly #usedAt = new Map<string, number>();

  constructor(records: TokenRecords, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  readonly authenticate: Authenticator = async ({ token: text }) => {
    const read = readToken(text ?? "");
    if (text === undefined || read === undefined) return undefined;
    if (read === "damaged")
      throw unauthenticated("the token was cut or mistyped: its check sum does not fit");
    const token = await this.#find(read.id);
    const given = Buffer.from(tokenHash(text), "hex");
    if (!timingSafeEqual(given, Buffer.from(token?.hash ?? nobody, "hex")) || token === undefined)
      return undefined;
    const now = this.#clock.now();
    if (token.revokedAt !== undefined)
      throw unauthenticated("the token was revoked: ask an admin for another one");
    if (token.expiresAt <= now) {
      const since = new Date(token.expiresAt).toISOString();
      throw unauthenticated(`the token expired at ${since}: ask an admin for another one`);
    }
    this.#noteUse(token, now);
    return callerOf(token);
  };

  /** What the store says of it has changed. */
  forget(id: string): void {
    this.#remembered.delete(id);
  }

  async #find(id: string): Promise<Found> {
    const now = this.#clock.monotonic();
    const before = this.#remembered.get(id);
    if (before !== undefined && now < before.until) return await before.found;
    if (this.#remembered.size >= rememberedMax) this.#remembered.clear();
    const found = this.#records.read(id);
    // From before it was asked: the answer may be older than its arrival.
    this.#remembered.set(id, { until: now + rememberMs, found });
    try {
      return await found;
    } catch (error) {
      this.#remembered.delete(id);
      throw error;
    }
  }

  #noteUse({ id, lastUsedAt = 0 }: ApiToken, now: number): void {
    if (now - Math.max(lastUsedAt, this.#usedAt.get(id) ?? 0) < usedEveryMs) return;
    if (this.#usedAt.size >= rememberedMax) this.#usedAt.clear();
    this.#usedAt.set(id, now);
    // A note for people: no call fails because it could not be taken.
    this.#records.used(id, now).catch(() => {});
  }
}

const callerOf = ({ id, role, name }: ApiToken): Caller => ({ kind: "token", id, role, name });
