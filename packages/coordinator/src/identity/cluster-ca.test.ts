import "reflect-metadata";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keyDigest, parseWorkerId } from "@haversack/protocol";
import * as x509 from "@peculiar/x509";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { openClusterCa } from "./cluster-ca.ts";
import { workerNamedBy } from "./spiffe.ts";

const now = Date.parse("2026-11-21T12:00:00Z");
const dayMs = 86_400_000;
const worker = parseWorkerId("0193-worker");
const signing = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

async function request(namedCurve = "P-256") {
  const keys = await crypto.subtle.generateKey({ ...signing, namedCurve }, true, ["sign", "verify"]);
  const algorithm = { ...signing, namedCurve };
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    name: "CN=admin,O=spiffe://elsewhere/worker/x",
    keys,
    signingAlgorithm: algorithm,
    // What a worker would like to be is no matter.
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: "url", value: "spiffe://elsewhere/worker/x" }]),
      new x509.BasicConstraintsExtension(true),
    ],
  });
  return new Uint8Array(made.rawData);
}

async function open() {
  const folder = await tempFolder();
  return { folder, ca: await openClusterCa(join(folder.path, "ca"), now) };
}

describe("the authority of a cluster", () => {
  test("is made once, private, and the same afterwards", async () => {
    const { folder, ca } = await open();
    await using _ = folder;
    const again = await openClusterCa(join(folder.path, "ca"), now + dayMs);
    expect([again.pin, again.cluster, again.certificate]).toEqual([ca.pin, ca.cluster, ca.certificate]);
    expect((await stat(join(folder.path, "ca/ca.pem"))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder.path, "ca/ca.crt"), "utf8")).toBe(ca.certificate);
    expect(ca.certificate).not.toContain("PRIVATE");
    const certificate = new X509Certificate(ca.certificate);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  test("is one when many coordinators want it at once", async () => {
    await using folder = await tempFolder();
    for (let round = 0; round < 5; round++) {
      const path = join(folder.path, `${round}`);
      const all = await Promise.all(Array.from({ length: 8 }, () => openClusterCa(path, now)));
      expect(new Set(all.map(({ pin }) => pin)).size).toBe(1);
      expect((await readdir(path)).toSorted()).toEqual(["ca.crt", "ca.pem"]);
    }
  });

  test("whose key others can read, or that is damaged, is refused with what to do", async () => {
    const { folder } = await open();
    await using _ = folder;
    const [path, file] = [join(folder.path, "ca"), join(folder.path, "ca/ca.pem")];
    await chmod(file, 0o640);
    await expect(openClusterCa(path, now)).rejects.toMatchObject({
      code: "ca_readable",
      message: expect.stringContaining("chmod 600"),
    });
    await chmod(file, 0o600);
    await writeFile(file, "half a ");
    await expect(openClusterCa(path, now)).rejects.toMatchObject({ fault: "corrupt", code: "bad_ca" });
  });
});

describe("a worker's certificate", () => {
  test("names the worker and nothing else, whatever its request says", async () => {
    const { folder, ca } = await open();
    await using _ = folder;
    const csr = await request();
    const made = new X509Certificate(await ca.issueWorker(worker, csr, { now, ttlMs: 7 * dayMs }));
    expect(made.subjectAltName).toBe(`URI:spiffe://${ca.cluster}/worker/${worker}`);
    expect(made.subject).toBe(`CN=${worker}`);
    expect([made.ca, made.keyUsage]).toEqual([false, ["1.3.6.1.5.5.7.3.2"]]);
    expect(made.verify(new X509Certificate(ca.certificate).publicKey)).toBe(true);
    expect(Date.parse(made.validTo)).toBe(now + 7 * dayMs);
    expect(workerNamedBy(made, ca.cluster)).toBe(worker);
    expect(workerNamedBy(made, ca.cluster.slice(1))).toBe(undefined);
    const other = new X509Certificate(await ca.issueWorker(worker, csr, { now, ttlMs: dayMs }));
    expect(keyDigest(other.publicKey)).toBe(keyDigest(made.publicKey));
    expect(other.serialNumber).not.toBe(made.serialNumber);
    expect(workerNamedBy(new X509Certificate(ca.certificate), ca.cluster)).toBe(undefined);
  });

  test.each([
    ["nothing", async () => new Uint8Array()],
    ["rubbish", async () => new Uint8Array([0x30, 3, 2, 1, 1])],
    ["5 KiB", async () => new Uint8Array(5000)],
    ["a key of another curve", async () => request("P-384")],
    ["one that is cut", async () => (await request()).slice(0, -1)],
    ["one whose signature is of another key", async () => forged(await request())],
  ])("is not made of %s", async (_, csr) => {
    const { folder, ca } = await open();
    await using _folder = folder;
    const answer = ca.issueWorker(worker, await csr(), { now, ttlMs: dayMs });
    await expect(answer).rejects.toMatchObject({ fault: "invalid", code: "bad_csr" });
  });
});

/** With the last byte of the signature changed. */
function forged(csr: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  csr[csr.length - 1] = (csr.at(-1) ?? 0) ^ 1;
  return csr;
}

test("a listener's certificate is valid for its names, and comes with the authority's", async () => {
  const { folder, ca } = await open();
  await using _ = folder;
  const { key, certificate } = await ca.issueServer(["ci.example", "10.0.0.5", "::1"], now);
  const made = new X509Certificate(certificate);
  expect(made.checkHost("ci.example")).toBe("ci.example");
  expect(made.checkHost("other.example")).toBe(undefined);
  expect([made.checkIP("10.0.0.5"), made.checkIP("::1")]).toEqual(["10.0.0.5", "::1"]);
  expect(made.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(made.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(certificate).toContain(ca.certificate);
});
