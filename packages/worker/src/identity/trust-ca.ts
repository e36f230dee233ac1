/**
 * Looks at who is there before anything is said: shakes hands, compares the key of the authority with the pin of the join
 * token, and hangs up. What is sent afterwards goes over a connection that this authority has to vouch for.
 */

import { X509Certificate } from "node:crypto";
import * as tls from "node:tls";
import { FaultError, type Ms } from "@haversack/base";
import { caPinOf, joinServerName } from "@haversack/protocol";

const timeoutMs: Ms = 10_000;

/** PEM of the authority. Rejects with FaultError `denied` when it is another one, `unavailable` when nobody is there. */
export async function trustedCa(url: URL, pin: string, signal: AbortSignal): Promise<string> {
  const chain = await shownChain(url, signal);
  const ca = chain.find((certificate) => certificate.ca && caPinOf(certificate.publicKey) === pin);
  if (ca !== undefined) return ca.toString();
  const message = `${url.host} shows a certificate of another authority than the join token names: it is not the coordinator that made the token, or somebody is in between; nothing was sent`;
  throw new FaultError("denied", "wrong_ca", message);
}

async function shownChain(url: URL, signal: AbortSignal): Promise<X509Certificate[]> {
  const port = Number(url.port === "" ? 443 : url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // Nothing is sent over this connection: whom it leads to is what we want to find out.
  const socket = tls.connect({
    host,
    port,
    servername: joinServerName,
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
  });
  const done = Promise.withResolvers<X509Certificate[]>();
  const onAbort = (): void => void socket.destroy(new Error("stopped"));
  signal.addEventListener("abort", onAbort, { once: true });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error("no answer within 10 s")));
  socket.once("secureConnect", () => done.resolve(chainOf(socket.getPeerCertificate(true))));
  socket.once("error", (error) => done.reject(unreachable(url, error)));
  socket.once("close", () => done.reject(unreachable(url, new Error("the connection was closed"))));
  try {
    return await done.promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

/** From the listener's own upwards; the last one may name itself. */
function chainOf(leaf: tls.DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let at: tls.DetailedPeerCertificate | undefined = leaf; at?.raw !== undefined && chain.length < 8; ) {
    chain.push(new X509Certificate(at.raw));
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate;
  }
  return chain;
}

function unreachable(url: URL, cause: Error): FaultError {
  const message = `no TLS with ${url.host}: ${cause.message}`;
  return new FaultError("unavailable", "no_tls", message, { cause });
}
