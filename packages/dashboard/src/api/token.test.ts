/** What is taken for a token, from a form and from an address. */

import { expect, test } from "vitest";
import { cleanToken, tokenInHash } from "./token.ts";

test("what is pasted loses the spaces around it; what cannot be sent is none", () => {
  expect(cleanToken("  hv1_ab_c-d_e\n")).toBe("hv1_ab_c-d_e");
  for (const text of ["", " ", "a b", "a\nb", "ü", "x".repeat(513), "a\u0000"])
    expect(cleanToken(text)).toBeUndefined();
});

test("an address carries one behind #token= only", () => {
  expect(tokenInHash("#token=abc")).toBe("abc");
  for (const hash of ["", "#", "#/images", "#token=", "#x=token=abc", "#token=a%20b", "#/token=abc"])
    expect(tokenInHash(hash)).toBeUndefined();
});
