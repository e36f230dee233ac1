import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeMasker } from "./mask.ts";

const secret = 'k3y/"with+odd chars';

describe("a secret value", () => {
  test.each([
    ["as it is", secret],
    ["in base64", Buffer.from(secret).toString("base64")],
    ["in a URL", encodeURIComponent(secret)],
    ["in JSON", JSON.stringify(secret).slice(1, -1)],
  ])("%s", (_name, form) => {
    expect(makeMasker([secret]).text(`a ${form} b`)).toMatch(/^a \[secret\](=*) b$/);
  });

  test("too short to be told from text", () => {
    expect(makeMasker(["abc", ""]).text("abc")).toBe("abc");
  });

  test("cut anywhere", () => {
    const text = `one ${secret} two ${secret.slice(0, 5)} three`;
    const masked = makeMasker([secret]).text(text);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => {
        const stream = makeMasker([secret]).stream();
        const borders = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const pieces = borders.slice(1).map((end, index) => text.slice(borders[index], end));
        expect(pieces.map((piece) => stream.push(piece)).join("") + stream.flush()).toBe(masked);
      }),
    );
  });
});
