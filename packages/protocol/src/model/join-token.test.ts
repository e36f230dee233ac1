import { generateKeyPairSync } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  caPinOf,
  joinTokenText,
  keyDigest,
  newJoinToken,
  parseJoinToken,
  secretDigest,
} from "./join-token.ts";
import { isWorkerCredential, newWorkerCredential } from "./worker-proof.ts";

const bytes = (size: number) =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((data) => Buffer.from(data));
const tokens = fc.record({
  id: bytes(8).map((data) => data.toString("hex")),
  secret: bytes(32).map((data) => data.toString("base64url")),
  caPin: bytes(32).map((data) => data.toString("base64url")),
});
const refused = expect.objectContaining({ fault: "invalid", code: "bad_join_token" });

function refusal(text: string): unknown {
  try {
    return parseJoinToken(text);
  } catch (error) {
    return error;
  }
}

describe("a join token", () => {
  test("is what was written, whatever its bytes are", () => {
    fc.assert(
      fc.property(tokens, (token) => {
        expect(parseJoinToken(joinTokenText(token))).toEqual({ ...token });
      }),
    );
  });

  test("with one character changed is another token or none: nothing is passed over", () => {
    const characters = fc.constantFrom(...Array.from("0aZ_-=+/. \n\0é"));
    fc.assert(
      fc.property(tokens, fc.nat(), characters, (token, at, character) => {
        const text = joinTokenText(token);
        const place = at % text.length;
        const changed = text.slice(0, place) + character + text.slice(place + 1);
        const answer = refusal(changed);
        if (answer instanceof Error) expect(answer).toEqual(refused);
        else expect(joinTokenText(answer as never)).toBe(changed);
      }),
    );
  });

  test("that is cut, longer or anything else is refused, and not echoed", () => {
    fc.assert(
      fc.property(tokens, fc.nat(), fc.string({ minLength: 1 }), (token, at, more) => {
        const text = joinTokenText(token);
        for (const wrong of [text.slice(0, at % text.length), text + more, more + text, more]) {
          const answer = refusal(wrong);
          expect(answer).toEqual(refused);
          expect(String(answer)).not.toContain(token.secret);
        }
      }),
    );
  });

  test("is new each time, and so is a worker's credential", () => {
    const [one, two] = [newJoinToken("p"), newJoinToken("p")];
    expect(one.secret).not.toBe(two.secret);
    expect(one.id).not.toBe(two.id);
    expect(newWorkerCredential()).not.toBe(newWorkerCredential());
    expect(isWorkerCredential(newWorkerCredential())).toBe(true);
    for (const other of ["", "hw1_", `${newWorkerCredential()}x`, ` ${newWorkerCredential()}`])
      expect(isWorkerCredential(other)).toBe(false);
  });
});

test("digests of keys and secrets differ with what they are of", () => {
  const keys = [1, 2].map(() => generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey);
  const [a, b] = keys;
  if (a === undefined || b === undefined) throw new Error("no keys");
  expect(keyDigest(a)).toMatch(/^[0-9a-f]{64}$/);
  expect(keyDigest(a)).not.toBe(keyDigest(b));
  expect(caPinOf(a)).toHaveLength(43);
  expect(secretDigest("a")).not.toBe(secretDigest("b"));
});
