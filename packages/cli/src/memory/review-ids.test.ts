import { shortIds } from "@haversack/base";
import { describe, expect, test } from "vitest";
import { idsNamed, shortReviewIds } from "./review-ids.ts";

describe("a short name", () => {
  test("has eight characters, and more where another one begins alike", () => {
    const short = shortIds(["01a1fda2-4aee-71", "01a1fda2-4aff-71", "77777777-4aee-71", "note"]);
    expect([...short]).toEqual([
      ["01a1fda2-4aee-71", "01a1fda2-4ae"],
      ["01a1fda2-4aff-71", "01a1fda2-4af"],
      ["77777777-4aee-71", "77777777"],
      ["note", "note"],
    ]);
  });

  test("is never cut off inside a name that goes on in another", () => {
    expect([...shortIds(["abcdefghij", "abcdefghijkl"]).values()]).toEqual(["abcdefghij", "abcdefghijk"]);
  });

  test("of a review keeps the step whole, and shortens operations among those of their step", () => {
    const ids = [
      "01a1fd9b-cfc2-737e/summarise-all/01a1fda2-4aee",
      "01a1fd9b-cfc2-737e/summarise-all/01a1fda2-5bee",
      "0200fd9b-cfc2-737e/report/01a1fda2-4aee",
      "plain-review-id",
    ];
    expect([...shortReviewIds(ids).values()]).toEqual([
      "01a1fd9b/summarise-all/01a1fda2-4",
      "01a1fd9b/summarise-all/01a1fda2-5",
      "0200fd9b/report/01a1fda2",
      "plain-re",
    ]);
  });

  test("leads back to its id, and to no other", () => {
    const ids = ["a", "ab", "abc/x/1", "abc/x/12", "abd/x/1", "abd/xy/1234567890", "abd/xy/1234567899"];
    for (const [id, short] of shortReviewIds(ids)) expect({ id: idsNamed(ids, short) }).toEqual({ id: [id] });
  });
});

describe("an id is named by", () => {
  const ids = ["abc1/report/x1", "abc1/report/x2", "abc2/rep/x1"];

  test.each([
    ["all of it", "abc1/report/x2", ["abc1/report/x2"]],
    ["the beginning of its parts", "abc1/r/x2", ["abc1/report/x2"]],
    ["its beginning", "abc2", ["abc2/rep/x1"]],
    ["nothing that others have too", "abc", ids],
    ["nothing that is longer", "abc2/rep/x1/y", []],
    ["nothing empty", "", []],
    ["nothing with an empty part", "abc2//x1", []],
  ])("%s", (_how, name, found) => {
    expect(idsNamed(ids, name)).toEqual(found);
  });

  test("a part that is the same wins over one that begins alike", () => {
    expect(idsNamed(["r/rep/1", "r/report/1"], "r/rep/1")).toEqual(["r/rep/1"]);
  });
});
