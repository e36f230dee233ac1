import type { ApiToken } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { ApiTokens, type TokenRecords } from "./api-tokens.ts";
import { makeToken, readToken } from "./token-text.ts";

const made = makeToken();
const stored = {
  id: made.id,
  name: "ops",
  role: "operator" as const,
  hash: made.hash,
  createdAt: 0,
  createdBy: "admin",
  expiresAt: Number.MAX_SAFE_INTEGER,
};

function world(more: object = {}) {
  const clock = new FakeClock();
  const reads: string[] = [];
  const uses: number[] = [];
  const state: { token: ApiToken & { hash: string } } = { token: { ...stored, ...more } };
  const records: TokenRecords = {
    read: async (id) => {
      reads.push(id);
      return id === made.id ? state.token : undefined;
    },
    used: async (_, at) => void uses.push(at),
  };
  const tokens = new ApiTokens(records, clock);
  const ask = async (token?: string) =>
    await tokens.authenticate({ peer: { address: "" }, ...(token === undefined ? {} : { token }) });
  return { clock, reads, uses, state, tokens, ask };
}

describe("the text of a token", () => {
  test("says its id, and differs each time", () => {
    expect(made.text).toMatch(/^hv1_[0-9a-f]{12}_[\w-]{43}_[0-9a-f]{8}$/);
    expect(readToken(made.text)).toEqual({ id: made.id });
    expect(makeToken().text).not.toBe(made.text);
  });

  test("cut or mistyped anywhere, it is known as such", () => {
    for (let at = 4; at < made.text.length; at++) {
      expect([undefined, "damaged"]).toContain(readToken(made.text.slice(0, at)));
      const other = made.text[at] === "0" ? "1" : "0";
      expect(readToken(made.text.slice(0, at) + other + made.text.slice(at + 1))).toBe("damaged");
    }
    for (const text of [made.text.toUpperCase().replace("HV1", "hv1"), `${made.text}x`, "hv1_"])
      expect(readToken(text)).toBe("damaged");
  });

  test("tokens of other kinds are left to others", () => {
    for (const text of ["", "x", `hv1_${"a".repeat(43)}`, `hj1_${made.text.slice(4)}`])
      expect(readToken(text)).toBeUndefined();
  });
});

describe("tokens that an admin made", () => {
  test("say who calls", async () => {
    const { ask } = world();
    expect(await ask(made.text)).toEqual({ kind: "token", id: made.id, role: "operator", name: "ops" });
  });

  test("with a wrong secret are strangers, like one that never was", async () => {
    const { ask } = world();
    const forged = makeToken();
    expect(await ask(forged.text)).toBeUndefined();
    const { ask: askOther, state } = world();
    state.token = { ...stored, hash: forged.hash };
    expect(await askOther(made.text)).toBeUndefined();
    expect(await ask()).toBeUndefined();
  });

  test("expired, revoked or damaged are refused, each with its reason", async () => {
    const expired = world({ expiresAt: Date.UTC(2027, 0, 1) });
    expired.clock.advance(Date.UTC(2027, 0, 1) - 1 - expired.clock.now());
    expect(await expired.ask(made.text)).toMatchObject({ name: "ops" });
    expired.clock.advance(1);
    await expect(expired.ask(made.text)).rejects.toThrow("the token expired at 2027-01-01T00:00:00.000Z");
    await expect(world({ revokedAt: 1 }).ask(made.text)).rejects.toThrow("the token was revoked");
    const { ask, reads } = world();
    await expect(ask(made.text.slice(0, -1))).rejects.toThrow("cut or mistyped");
    expect(reads).toEqual([]);
  });

  test("are asked for once in half a second; revoked here they are refused at once", async () => {
    const { ask, clock, reads, state, tokens } = world();
    await Promise.all([ask(made.text), ask(made.text)]);
    clock.advance(499);
    state.token = { ...stored, revokedAt: 1 };
    expect(await ask(made.text)).toMatchObject({ name: "ops" });
    expect(reads).toHaveLength(1);
    tokens.forget(made.id);
    await expect(ask(made.text)).rejects.toThrow("revoked");
  });

  test("revoked elsewhere they are refused within a second", async () => {
    const { ask, clock, state } = world();
    await ask(made.text);
    state.token = { ...stored, revokedAt: 1 };
    clock.advance(1000);
    await expect(ask(made.text)).rejects.toThrow("revoked");
  });

  test("have their use written down once a minute", async () => {
    const { ask, clock, uses } = world();
    const from = clock.now();
    for (let second = 0; second < 120; second++) {
      await ask(made.text);
      clock.advance(1000);
    }
    expect(uses).toEqual([from, from + 60_000]);
  });
});
