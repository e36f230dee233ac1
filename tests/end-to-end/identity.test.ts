/** Workers of other machines: how they join, what they prove, and how they cease to be. */

import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import * as tls from "node:tls";
import { systemRandom } from "@haversack/base";
import { joinTokenText, parseJoinToken, type RunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { haversack, noSignal } from "../support/fleet.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { TlsFleet } from "../support/tls-fleet.ts";

async function submit(fleet: TlsFleet, dag: string): Promise<RunId> {
  const submission = { dag, fileName: "t.yaml", params: {}, idempotencyKey: systemRandom.id() };
  return (await (await fleet.client()).submit(submission, noSignal)).run.id;
}

/** Every phase of a step with its attempt and its worker, to the end of the run. */
async function* phases(fleet: TlsFleet, run: RunId) {
  for await (const { change } of (await fleet.client()).watch(run, 0, noSignal)) {
    if (change.kind === "step") yield change;
  }
}

async function statusOf(fleet: TlsFleet, run: RunId): Promise<string> {
  for await (const _ of phases(fleet, run));
  return (await (await fleet.client()).run(run, noSignal)).status;
}

const hello = (more = "") =>
  `name: hello\nsteps:\n  - id: a\n    run: echo hi > out.txt\n    artifacts: [out.txt]\n${more}  - id: b\n    depends: [a]\n    inputs: [out.txt]\n    run: cat out.txt\n${more}`;

describe("a worker of another machine", () => {
  test("joins once with its token and does its work with its certificate; the token is used up", async () => {
    await using fleet = await TlsFleet.start();
    const token = await fleet.joinToken({ pool: "gpu", labels: { zone: "a" } });
    const worker = fleet.worker(
      "w",
      token,
      "--label",
      "pool=theirs",
      "--label",
      "zone=b",
      "--label",
      "own=1",
    );
    await worker.line(/"joined"/);
    const selector = "    worker: { pool: gpu, zone: a, own: '1' }\n";
    expect(await statusOf(fleet, await submit(fleet, hello(selector)))).toBe("succeeded");
    const client = await fleet.client();
    const [seen] = await client.workers(noSignal);
    expect(seen).toMatchObject({ name: "w", certificateExpiresAt: expect.any(Number) });
    expect(await client.joinTokens(noSignal)).toEqual([]);
    const second = await fleet.worker("x", token).ended;
    expect(second).toMatchObject({ code: 5, stderr: expect.stringContaining("was used up") });
    expect(await client.workers(noSignal)).toHaveLength(1);
    // It starts again without a token.
    await worker.kill("SIGKILL");
    await fleet.worker("w", "", "--label", "own=1").line(/worker started/);
    expect(await statusOf(fleet, await submit(fleet, hello(selector)))).toBe("succeeded");
  });

  test("tells its token to nobody but the authority that the token names", async () => {
    await using fleet = await TlsFleet.start();
    const token = await fleet.joinToken();
    const parsed = parseJoinToken(token);
    const caPin = `${parsed.caPin.startsWith("A") ? "B" : "A"}${parsed.caPin.slice(1)}`;
    const end = await fleet.worker("w", joinTokenText({ ...parsed, caPin })).ended;
    expect(end).toMatchObject({ code: 5, stderr: expect.stringContaining("nothing was sent") });
    expect(await (await fleet.client()).joinTokens(noSignal)).toMatchObject([{ usesLeft: 1 }]);
    // The same token, whole, is as good as before.
    await fleet.worker("w", token).line(/"joined"/);
  });

  test("that comes late, or with the wrong secret, is refused and told; a secret over plain text is not sent", async () => {
    await using fleet = await TlsFleet.start();
    const token = await fleet.joinToken();
    const parsed = parseJoinToken(token);
    const secret = `${parsed.secret.startsWith("A") ? "B" : "A"}${parsed.secret.slice(1)}`;
    const wrong = await fleet.worker("w", joinTokenText({ ...parsed, secret })).ended;
    expect(wrong).toMatchObject({ code: 5, stderr: expect.stringContaining("is not known here") });
    await (await fleet.client()).deleteJoinToken(parsed.id, noSignal);
    expect(await fleet.worker("x", token).ended).toMatchObject({ code: 5 });
    const plain = ["worker", "--coordinator", "http://192.0.2.1:1", "--data", join(fleet.folder, "y")];
    const end = await fleet.start(plain, { HAVERSACK_JOIN_TOKEN: token }).ended;
    expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining("goes over https only") });
  });
});

describe("a revoked worker", () => {
  test("is gone at once: its step goes to another one, and nothing lets it back in", async () => {
    await using fleet = await TlsFleet.start();
    const workers = new Map([
      ["a", await fleet.joined("a")],
      ["b", await fleet.joined("b")],
    ]);
    const script = 'if [ "$HAVERSACK_ATTEMPT" = 1 ]; then sleep 600; fi';
    const run = await submit(fleet, `name: long\nsteps:\n  - id: s\n    run: ${script}\n`);
    const client = await fleet.client();
    let first: string | undefined;
    let second: string | undefined;
    for await (const { phase, workerId } of phases(fleet, run)) {
      if (phase !== "running" || workerId === undefined) continue;
      if (first === undefined) {
        first = workerId;
        expect(await client.revokeWorker(workerId, noSignal)).toBe(1);
      } else second = workerId;
    }
    expect((await client.run(run, noSignal)).status).toBe("succeeded");
    expect(second).not.toBe(first);
    const revoked = (await client.workers(noSignal)).find(({ id }) => id === first);
    expect(revoked).toMatchObject({ connected: false, revokedAt: expect.any(Number) });
    const name = revoked?.name ?? "";
    expect((await workers.get(name)?.ended)?.stderr).toContain("this worker was revoked");
    const again = await fleet.worker(name).ended;
    expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining("was revoked") });
  });
});

describe("a certificate", () => {
  test("is renewed at half of its time, while a step runs", async () => {
    await using fleet = await TlsFleet.start("--worker-cert-ttl", "8s");
    const worker = await fleet.joined("w");
    const run = await submit(
      fleet,
      "name: long\nsteps:\n  - id: s\n    run: until test -e go; do sleep 0.1; done\n",
    );
    await worker.line(/certificate renewed/);
    const before = (await (await fleet.client()).workers(noSignal))[0]?.connectedAt;
    await (await fleet.client()).cancel(run, noSignal);
    expect(await statusOf(fleet, await submit(fleet, hello()))).toBe("succeeded");
    // It is the session that there was before.
    expect((await (await fleet.client()).workers(noSignal))[0]?.connectedAt).toBe(before);
    expect(worker.stderr).not.toContain("session ended");
  });

  test("that has expired lets in nobody, but to ask for another one of the same key", async () => {
    await using fleet = await TlsFleet.start("--worker-cert-ttl", "1ms");
    const worker = await fleet.joined("w");
    await worker.line(/had expired; there is a new one/);
    expect(await (await fleet.client()).workers(noSignal)).toEqual([]);
    await worker.kill();
    await fleet.stopCoordinator();
    await fleet.startCoordinator();
    const again = fleet.worker("w");
    await again.line(/had expired; there is a new one/);
    expect(await statusOf(fleet, await submit(fleet, hello()))).toBe("succeeded");
  });
});

describe("the listener of workers", () => {
  test("closes plain text, rubbish and whoever has no certificate of ours, before HTTP/2 (NE-10)", async () => {
    await using fleet = await TlsFleet.start();
    for (const bytes of [
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
      "\x16\x03\x01\x00\x05rubbish",
    ])
      expect(await said(fleet.workersPort, bytes)).not.toMatch(/HTTP|SETTINGS/);
    expect(await overTls(fleet.workersPort, {})).toEqual({ bytes: 0 });
    const own = await readFile(join(fleet.data, "ca/ca.crt"), "utf8");
    expect(own).toContain("BEGIN CERTIFICATE");
    const stranger = await otherCertificate();
    expect(await overTls(fleet.workersPort, stranger)).toEqual({ bytes: 0 });
  });
});

/** All that comes back, until the other end closes. */
async function said(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(bytes, "latin1");
  return await untilClosed(socket);
}

async function untilClosed(socket: ReturnType<typeof connect>): Promise<string> {
  const pieces: Buffer[] = [];
  socket.on("data", (data: Buffer) => pieces.push(data));
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(pieces).toString("latin1");
}

/** How much HTTP/2 came back after the handshake. */
async function overTls(port: number, own: tls.ConnectionOptions): Promise<{ bytes: number }> {
  const options = { ...own, host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: ["h2"] };
  const socket = tls.connect(options);
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");
  return { bytes: (await untilClosed(socket)).length };
}

/** Of an authority like ours, and not ours. */
async function otherCertificate(): Promise<{ key: string; cert: string }> {
  const { openClusterCa } = await import("../../packages/coordinator/src/identity/cluster-ca.ts");
  await using folder = await tempFolder();
  const ca = await openClusterCa(folder.path, Date.now());
  const { key, certificate } = await ca.issueServer(["localhost"], Date.now());
  return { key, cert: certificate };
}

test("a public listener without TLS is refused, with what to do", async () => {
  await using folder = await tempFolder();
  const end = await haversack(["coordinator", "--data", folder.path, "--listen", "0.0.0.0:0"]);
  expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining("--tls auto --tls-name NAME") });
});
