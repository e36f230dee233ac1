import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formsOf } from "./forms.ts";
import { isMaskable, makeMasker } from "./masker.ts";

const secret = 'k3y/"with+odd chars';

describe("a secret value", () => {
  test.each([
    ["as it is", secret],
    ["in base64", Buffer.from(secret).toString("base64")],
    ["in base64url", Buffer.from(secret).toString("base64url")],
    ["in hex", Buffer.from(secret).toString("hex")],
    ["in a URL", encodeURIComponent(secret)],
    ["in a URL, lower-case", encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
    ["in a form", new URLSearchParams({ a: secret }).toString().slice(2)],
    ["in JSON", JSON.stringify(secret).slice(1, -1)],
    ["in JSON in JSON", JSON.stringify(JSON.stringify(secret)).slice(3, -3)],
    ["in HTML", secret.replace('"', "&quot;")],
  ])("%s", (_name, form) => {
    expect(makeMasker([secret]).text(`a ${form} b`)).toBe("a [secret] b");
  });

  test.each(['printf "%q" "$V"', 'set -x; : "$V"', 'echo "${V@Q}"', "declare -p V"])(
    "as bash shows it by %s",
    (script) => {
      for (const V of ['it\'s "my" $va`lue\\*two,{x}!~#a=b^(|)', "\tmy\nva'lue\u001b[1mtwo\\"]) {
        const shown = execFileSync("bash", ["-c", `exec 2>&1; ${script}`], { env: { V }, encoding: "utf8" });
        expect(shown).toMatch(/my.*va.*two/s);
        expect(makeMasker([V]).text(shown)).not.toMatch(/my|va|lue|two/);
      }
    },
  );

  test("in the middle of something that is encoded as a whole", () => {
    const masker = makeMasker([secret]);
    for (const before of ["", "u", "us", "user:"]) {
      const encoded = Buffer.from(`${before}${secret} and more`).toString("base64");
      const shown = masker.text(encoded);
      expect(shown).toContain("[secret]");
      // One character at each end says as much about its neighbour as about the value.
      const kept = shown.split("[secret]").join("").length;
      expect(kept).toBeLessThanOrEqual(encoded.length - Math.floor((secret.length * 8) / 6) + 1);
    }
  });

  test("of several lines, line by line and in lines of base64", () => {
    const key = `-----BEGIN KEY-----\n${"abcdefghij".repeat(20)}\nklmnopqrstuvwx\n-----END KEY-----\n`;
    const masker = makeMasker([key]);
    expect(masker.text(`> ${key.split("\n")[1]}\n> klmnopqrstuvwx`)).toBe("> [secret]\n> [secret]");
    const wrapped = Buffer.from(key).toString("base64").replace(/.{76}/g, "$&\n");
    expect(masker.text(wrapped)).toMatch(/^(\[secret\]\n)+(.{1,5}|\[secret\])$/);
    expect(masker.text(key.trim())).toBe("[secret]");
  });

  test("too short to be told from text", () => {
    expect(makeMasker(["abc", ""]).text("abc")).toBe("abc");
    expect([isMaskable("12345"), isMaskable("123456"), isMaskable("äöü")]).toEqual([false, true, true]);
  });

  test("that overlaps another one", () => {
    expect(makeMasker(["abcdef1", "def1234"]).text("<abcdef1234>")).toBe("<[secret]>");
    expect(makeMasker(["aaaaaa"]).text(`<${"a".repeat(1000)}>`)).toBe("<[secret]>");
  });

  test("that is handed out while a stream is open", () => {
    const masker = makeMasker();
    const stream = masker.stream();
    expect(stream.push(Buffer.from(`one ${secret.slice(0, 4)}`)).toString()).toBe("one k3y/");
    masker.arm([secret]);
    expect(stream.push(Buffer.from(` two ${secret.slice(0, 4)}`)).toString()).toBe(" two ");
    expect(stream.push(Buffer.from(secret.slice(4))).toString()).toBe("[secret]");
  });
});

test("what cannot be the beginning of a value is shown at once", () => {
  const stream = makeMasker([secret]).stream();
  expect(stream.push(Buffer.from("Continue? ")).toString()).toBe("Continue? ");
  expect(stream.push(Buffer.from("done k3y")).toString()).toBe("done ");
  expect(stream.push(Buffer.from("s\n")).toString()).toBe("k3ys\n");
  expect(stream.push(Buffer.from("k3")).toString()).toBe("");
  expect(stream.flush().toString()).toBe("k3");
});

test("a text without secrets comes back as it is, broken characters too", () => {
  const odd = "\ud800 half a character";
  expect(makeMasker([secret]).text(odd)).toBe(odd);
});

const values = fc.oneof(
  fc.string({ minLength: 6, maxLength: 40 }),
  fc.string({ unit: fc.constantFrom("a", "b", "ä", "\n", "'"), minLength: 6, maxLength: 600 }),
  fc.string({ unit: "grapheme", minLength: 6, maxLength: 40 }),
);
// A value of nothing but the mask's own characters would be found in the mask.
const isOwn = (value: string): boolean => formsOf(value).some((form) => /^[[\]secrt]+$/.test(form));

test("cut anywhere, the same is shown, and no form of any value is left", () => {
  const worlds = fc
    .uniqueArray(
      values.filter((value) => !isOwn(value)),
      { minLength: 1, maxLength: 3 },
    )
    .chain((secrets) => {
      const forms = secrets.flatMap(formsOf);
      const part = fc.oneof(
        fc.constantFrom(...forms),
        fc.constantFrom(...forms).chain((form) => fc.nat(form.length).map((end) => form.slice(0, end))),
        fc.string({ maxLength: 10 }),
      );
      return fc.record({ secrets: fc.constant(secrets), parts: fc.array(part, { maxLength: 8 }) });
    });
  fc.assert(
    fc.property(worlds, fc.array(fc.nat(400), { maxLength: 12 }), ({ secrets, parts }, lengths) => {
      const data = Buffer.from(parts.join(""));
      const whole = makeMasker(secrets).stream();
      const expected = Buffer.concat([whole.push(data), whole.flush()]);
      const stream = makeMasker(secrets).stream();
      const shown: Buffer[] = [];
      let at = 0;
      for (const length of [...lengths, data.length]) {
        // The piece is its owner's again: what is held must not change with it.
        const piece = Buffer.from(data.subarray(at, at + length));
        shown.push(Buffer.from(stream.push(piece)));
        piece.fill(0);
        at += length;
      }
      shown.push(stream.flush());
      expect(Buffer.concat(shown).toString("latin1")).toBe(expected.toString("latin1"));
      const pieces = expected.toString("latin1").split("[secret]");
      for (const form of secrets.flatMap(formsOf)) {
        const bytes = Buffer.from(form).toString("latin1");
        expect(pieces.some((piece) => piece.includes(bytes))).toBe(false);
      }
    }),
    { numRuns: 500 },
  );
});
