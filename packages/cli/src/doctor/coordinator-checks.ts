/** The way to the coordinator, step by step, so that the first that fails is the one to mend. */

import { lookup } from "node:dns/promises";
import { createConnection } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { faultOf, formatDuration, type Ms, messageOf } from "@haversack/base";
import type { HaversackClient } from "@haversack/protocol";
import type { Outside } from "../outside.ts";
import { type Check, type Finding, ok, problem, warning } from "./check.ts";

export interface CoordinatorAsked {
  readonly url: URL;
  readonly outside: Outside;
  /** Rejects when no token is to be had. */
  readonly client: () => Promise<HaversackClient>;
}

const skewWarningMs: Ms = 5000;
const latencyWarningMs: Ms = 500;
const dayMs: Ms = 86_400_000;
/** A worker renews its own long before; this is for everybody else's. */
const expiryWarningMs: Ms = 7 * dayMs;

export function coordinatorChecks({ url, outside, client }: CoordinatorAsked): readonly Check[] {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port === "" ? (url.protocol === "https:" ? 443 : 80) : url.port);
  const secure: Check[] =
    url.protocol === "https:"
      ? [{ name: "certificate", look: (signal) => certificate({ host, port }, outside, signal) }]
      : [];
  return [
    { name: "name", look: () => resolved(host) },
    { name: "connection", look: (signal) => reached({ host, port }, outside, signal) },
    ...secure,
    { name: "readiness", look: (signal) => readiness(url, signal) },
    { name: "clock", look: (signal) => clockSkew(url, outside, signal) },
    { name: "token", look: async (signal) => token(await client(), outside, signal) },
  ];
}

interface Address {
  readonly host: string;
  readonly port: number;
}

async function resolved(host: string): Promise<Finding> {
  try {
    const all = await lookup(host, { all: true });
    return ok(`${host} is ${all.map(({ address }) => address).join(", ")}`);
  } catch (error) {
    return problem(
      `${host} has no address: ${messageOf(error)}`,
      "look at the name and at DNS (/etc/resolv.conf)",
    );
  }
}

async function reached(at: Address, { clock }: Outside, signal: AbortSignal): Promise<Finding> {
  const began = clock.monotonic();
  const where = `${at.host}:${at.port}`;
  try {
    await new Promise<void>((resolve, reject) => {
      const socket = createConnection({ ...at, signal });
      socket.once("connect", () => resolve(void socket.destroy()));
      socket.once("error", reject);
    });
  } catch (error) {
    const advice = "is it started, does it listen on this address, and does a firewall let it through?";
    return problem(`${where} cannot be reached: ${messageOf(error)}`, advice);
  }
  const tookMs = clock.monotonic() - began;
  const found = `${where} answers in ${tookMs.toFixed(1)} ms`;
  return tookMs > latencyWarningMs
    ? warning(found, "a slow link: heartbeats and logs may be late")
    : ok(found);
}

async function certificate(at: Address, { clock }: Outside, signal: AbortSignal): Promise<Finding> {
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    // What is wrong with it is to be told, so that it is looked at in any case.
    const made = connectTls(
      { ...at, servername: at.host, rejectUnauthorized: false, ALPNProtocols: ["h2"] },
      () => resolve(made),
    );
    made.once("error", reject);
    signal.addEventListener("abort", () => made.destroy(new Error("too slow")), { once: true });
  });
  const { valid_to: validTo, subject } = socket.getPeerCertificate();
  const reason = socket.authorized ? undefined : String(socket.authorizationError);
  socket.destroy();
  const leftMs = Date.parse(validTo) - clock.now();
  const found = `of ${String(subject.CN)}, until ${validTo}`;
  if (leftMs <= 0) return problem(`${found}: expired`, "renew the coordinator's certificate");
  if (leftMs < expiryWarningMs) return warning(found, `renew it: ${formatDuration(leftMs)} are left`);
  if (reason === undefined) return ok(found);
  return warning(
    `${found}; not trusted by this machine: ${reason}`,
    "a worker that joined pins it; for the CLI name its CA",
  );
}

async function readiness(url: URL, signal: AbortSignal): Promise<Finding> {
  const response = await fetch(new URL("/readyz", url), { signal });
  const { ready, checks } = (await response.json()) as {
    ready?: boolean;
    checks?: Record<string, { ok: boolean; detail: string }>;
  };
  if (ready === true) return ok("the coordinator is ready");
  const failing = Object.entries(checks ?? {}).filter((entry) => !entry[1].ok);
  const found = failing.map(([name, { detail }]) => `${name}: ${detail}`).join("; ");
  return problem(`the coordinator is not ready: ${found}`, "look at its log");
}

/** By the `Date` of its answer, which has whole seconds; half of the way there and back is taken off. */
async function clockSkew(url: URL, { clock }: Outside, signal: AbortSignal): Promise<Finding> {
  const sentAt = clock.now();
  const response = await fetch(new URL("/livez", url), { signal });
  const at = Date.parse(response.headers.get("date") ?? "");
  if (Number.isNaN(at)) return warning("the coordinator tells no time", "is something else listening there?");
  return skew((sentAt + clock.now()) / 2 - (at + 500));
}

/** @param ms by which this clock is ahead of the coordinator's */
export function skew(ms: Ms): Finding {
  const apart = Math.abs(ms);
  if (apart < 1000) return ok("within a second of the coordinator's");
  const found = `${formatDuration(Math.round(apart / 1000) * 1000)} ${ms > 0 ? "ahead of" : "behind"} the coordinator's`;
  // No lease is decided by it; certificates and what people read are.
  if (apart < skewWarningMs) return ok(found);
  return warning(found, "synchronise both clocks (chrony, systemd-timesyncd)");
}

async function token(client: HaversackClient, { clock }: Outside, signal: AbortSignal): Promise<Finding> {
  const began = clock.monotonic();
  try {
    await client.pools(signal);
  } catch (error) {
    if (faultOf(error) !== "denied") throw error;
    return problem(
      `it is refused: ${messageOf(error)}`,
      "make another one, or take admin.token of the coordinator's data folder",
    );
  }
  return ok(`accepted; a call takes ${(clock.monotonic() - began).toFixed(1)} ms`);
}
