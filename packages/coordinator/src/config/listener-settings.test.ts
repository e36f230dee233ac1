import { describe, expect, test } from "vitest";
import { settle } from "./settle.ts";

const open = "0.0.0.0:7420";
const tls = { tls: "auto", tlsNames: ["ci.example"] };

describe("a public listener", () => {
  test("is refused without TLS, with what to do; the override lets it be", () => {
    expect(() => settle({ listen: open }, {})).toThrow("add --tls auto --tls-name NAME, or --tls-cert");
    expect(settle({ listen: open, allowInsecurePublicListener: true }, {}).listeners.insecure).toBe(true);
    const env = { HAVERSACK_ALLOW_INSECURE_PUBLIC_LISTENER: "1" };
    expect(settle({ listen: open }, env).listeners.insecure).toBe(true);
    for (const no of ["", "0", "no", "off"]) {
      const refused = () => settle({ listen: open }, { HAVERSACK_ALLOW_INSECURE_PUBLIC_LISTENER: no });
      expect(refused).toThrow("can be reached from other machines");
    }
  });

  test("has TLS of files or of the cluster's own authority", () => {
    const files = settle({ listen: open, tlsCert: "c.pem", tlsKey: "k.pem", tlsNames: ["a"] }, {});
    expect(files.listeners.tls).toMatchObject({
      kind: "files",
      certFile: expect.stringMatching(/\/c\.pem$/),
    });
    expect(settle({ listen: open, ...tls }, {}).listeners).toMatchObject({ tls: { kind: "auto" } });
    const env = { HAVERSACK_TLS: "auto", HAVERSACK_TLS_NAME: "a.example,10.0.0.5", HAVERSACK_CA_DIR: "/ca" };
    expect(settle({ listen: open, listenWorkers: "[::1]:0" }, env).listeners).toMatchObject({
      tlsNames: ["a.example", "10.0.0.5"],
      caDir: "/ca",
      listenWorkers: { host: "::1", port: 0 },
    });
  });

  test.each([
    [{ tls: "on" }, "expected auto or off"],
    [{ tlsCert: "c" }, "one of them is missing"],
    [{ tlsKey: "k" }, "one of them is missing"],
    [{ tls: "auto", tlsCert: "c", tlsKey: "k" }, "exclude each other"],
    [{ listen: open, tls: "auto" }, "say with --tls-name NAME"],
    [{ tls: "auto", listenWorkers: "[::]:7421" }, "say with --tls-name NAME"],
    [{ tls: "auto", tlsNames: ["a b"] }, '"a b" is no host name'],
    [{ tls: "auto", tlsNames: ["*.example"] }, "is no host name"],
    [{ tls: "auto", tlsNames: Array.from({ length: 33 }, () => "a") }, "at most 32, found 33"],
    [{ ...tls, listenWorkers: "7421" }, "listenWorkers: expected HOST:PORT"],
  ])("%j is refused: %s", (asked, message) => {
    expect(() => settle(asked, {})).toThrow(message);
  });
});
