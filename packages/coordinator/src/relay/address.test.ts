import { describe, expect, test } from "vitest";
import { advertisedHost, ownAddress, parseAdvertised } from "./address.ts";

const own = (text: string, listener: string) => ownAddress(parseAdvertised(text), listener);

describe("the address for other coordinators", () => {
  test.each([
    ["", "http://127.0.0.1:7420", "http://127.0.0.1:7420"],
    ["", "https://[::1]:7420", "https://[::1]:7420"],
    ["", "https://10.0.0.5:7420", "https://10.0.0.5:7420"],
    ["", "https://0.0.0.0:7420", undefined],
    ["", "https://[::]:7420", undefined],
    ["", "https://10.0.0.5:0", undefined],
    // Tokens would be read on the way.
    ["", "http://10.0.0.5:7420", undefined],
    ["off", "https://10.0.0.5:7420", undefined],
    ["https://C1.example:7420/", "http://127.0.0.1:7420", "https://c1.example:7420"],
    ["http://localhost:1", "https://0.0.0.0:7420", "http://localhost:1"],
  ])("--advertise %j on %s is %s", (text, listener, address) => {
    expect(own(text, listener)).toBe(address);
  });

  test.each([
    ["c1.example", "such as https://c1.example:7420"],
    ["ftp://c1.example", "such as"],
    ["https://c1.example/api", "such as"],
    ["https://user:secret@c1.example", "such as"],
    ["https://0.0.0.0:7420", "such as"],
    ["http://c1.example:7420", "https"],
  ])("%s is refused", (text, message) => {
    expect(() => parseAdvertised(text)).toThrow(message);
  });

  test("is a name that the coordinator answers to", () => {
    expect(advertisedHost(parseAdvertised("https://c1.example:7420"))).toBe("c1.example");
    expect(advertisedHost(parseAdvertised("https://[fd00::1]:7420"))).toBe("fd00::1");
    expect(advertisedHost(parseAdvertised("http://127.0.0.1:7420"))).toBeUndefined();
    expect(advertisedHost(parseAdvertised(""))).toBeUndefined();
  });
});
