import { expect, test } from "vitest";
import { codeOfText, type PullCode, PullError, pullError } from "./pull-faults.ts";

/** As engines said it. */
const said: readonly (readonly [string, PullCode])[] = [
  ["filesystem layer verification failed for digest sha256:ea6d", "checksum"],
  [
    "writing blob: storing blob to file: happened during read: flate: corrupt input before offset 1000",
    "checksum",
  ],
  ["writing blob: happened during read: Digest did not match, expected sha256:a, got sha256:b", "checksum"],
  ['storing blob to file "/var/tmp/storage1/2": happened during read: unexpected EOF', "truncated"],
  ["read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer", "truncated"],
  ["Error fetching blob: invalid status code from registry 503 (Service Unavailable)", "http_5xx"],
  ["received unexpected HTTP status: 502 Bad Gateway", "http_5xx"],
  [
    "manifest for 127.0.0.1:5/haversack/nope@sha256:ab not found: manifest unknown: manifest unknown",
    "not_found",
  ],
  ["no matching manifest for linux/riscv64 in the manifest list entries", "wrong_platform"],
  ['no image found in image index for architecture riscv64, variant "", OS linux', "wrong_platform"],
  ["unauthorized: authentication required", "auth"],
  ["pull access denied for x, repository does not exist or may require 'docker login': denied: no", "auth"],
  ["toomanyrequests: You have reached your pull rate limit", "rate_limited"],
  ['Get "https://r.invalid/v2/": dial tcp: lookup r.invalid on 1.1.1.1:53: no such host', "dns"],
  ['Get "https://127.0.0.1:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused', "network"],
  ['Get "https://r/v2/": x509: certificate signed by unknown authority', "tls"],
  ['Get "https://r/v2/": http: server gave HTTP response to HTTPS client', "tls"],
  ["write /var/lib/docker/tmp/GetImageBlob1: no space left on device", "no_space"],
  ["failed to register layer: archive/tar: invalid tar header", "import_failed"],
  ["something that nobody has heard of", "import_failed"],
];

test.each(said)("%s", (text, code) => {
  expect(codeOfText(text)).toBe(code);
});

test("what an engine says is shown, and shortened", () => {
  const error = pullError("r/x@sha256:a", `unauthorized ${"x".repeat(5000)}`);
  expect(error).toBeInstanceOf(PullError);
  expect(error.fault).toBe("denied");
  expect(error.message.length).toBeLessThan(600);
});
