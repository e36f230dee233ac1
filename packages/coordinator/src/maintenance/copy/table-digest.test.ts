import { expect, test } from "vitest";
import { TableDigest } from "./table-digest.ts";

function sumOf(...rows: (readonly unknown[])[]) {
  const digest = new TableDigest();
  for (const row of rows) digest.add(row);
  return digest.sum;
}

test("rows in another order are the same table; a row more, less or twice is another", () => {
  const [one, two, three] = [
    ["a", 1],
    ["b", 2],
    ["c", 3],
  ];
  expect(sumOf(one, two, three)).toEqual(sumOf(three, one, two));
  const digests = [sumOf(one, two), sumOf(one, two, two), sumOf(one, two, three), sumOf(two, three), sumOf()];
  expect(new Set(digests.map(({ digest }) => digest)).size).toBe(digests.length);
});

test("values of another type, and values that are cut elsewhere, are others", () => {
  const rows = [
    ["1"],
    [1],
    [Buffer.from("1")],
    [null],
    [""],
    ["n"],
    ["ab", "c"],
    ["a", "bc"],
    ["abc"],
    [null, null],
  ];
  expect(new Set(rows.map((row) => sumOf(row).digest)).size).toBe(rows.length);
  expect(() => sumOf([1.5])).toThrow("is in no table of ours");
});
