import { describe, expect, test } from "vitest";
import { settle } from "./settle.ts";

const settled = (coordinator: string) => settle({ coordinator, token: "t" }, {});

describe("the address of a worker's coordinator", () => {
  test("may be one, or several with commas", () => {
    const origins = (text: string) => settled(text).coordinatorUrls.map(({ origin }) => origin);
    expect(origins("http://127.0.0.1:1")).toEqual(["http://127.0.0.1:1"]);
    expect(origins("http://a:1, http://b:2")).toEqual(["http://a:1", "http://b:2"]);
  });

  test.each(["", "a:1", "http://a:1,", "http://a:1,ftp://b"])("is refused as %j", (text) => {
    expect(() => settled(text)).toThrow("coordinator: expected one URL such as https://ci.example:7420");
  });
});
