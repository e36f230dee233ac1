/** How this worker dials: where to, whom it trusts, what it shows. It changes when a certificate is renewed. */

import { createPublicKey, sign } from "node:crypto";
import * as grpc from "@grpc/grpc-js";
import { joinServerName, keyProof, rejoinText } from "@haversack/protocol";
import type { CertificateIdentity, Identity } from "./identity-file.ts";

export interface Channel {
  readonly target: string;
  readonly credentials: grpc.ChannelCredentials;
  readonly options: grpc.ChannelOptions;
}

export interface AccessParts {
  /** PEM of the authority of a coordinator on this machine; absent: as certificates of the system are checked. */
  readonly localCa: string | undefined;
}

export class Access {
  readonly #parts: AccessParts;
  #identity: Identity;
  #version = 0;

  constructor(parts: AccessParts, identity: Identity) {
    this.#parts = parts;
    this.#identity = identity;
  }

  get identity(): Identity {
    return this.#identity;
  }

  /** Grows with each new certificate: a channel of an older one is for the calls that are under way. */
  get version(): number {
    return this.#version;
  }

  become(identity: Identity): void {
    this.#identity = identity;
    this.#version += 1;
  }

  /** For the session, and for all calls of a worker. */
  channel(url: URL): Channel {
    const identity = this.#identity;
    if (identity.kind === "credential") return this.#plain(url);
    const { issued, key } = identity;
    if (issued === undefined) throw new Error("a worker that has not joined does not dial");
    const [ca, certificate] = [Buffer.from(issued.ca), Buffer.from(issued.certificate)];
    const credentials = grpc.credentials.createSsl(ca, Buffer.from(key), certificate);
    return { target: `${url.hostname}:${issued.port}`, credentials, options: asJoinName };
  }

  /** For joining: without a certificate, and only to who this authority vouches for. */
  joining(url: URL, ca: string): Channel {
    const target = url.port === "" ? `${url.hostname}:443` : url.host;
    return { target, credentials: grpc.credentials.createSsl(Buffer.from(ca)), options: asJoinName };
  }

  /** Of a coordinator on this machine. */
  #plain(url: URL): Channel {
    const { localCa } = this.#parts;
    const target = url.port === "" ? `${url.hostname}:${url.protocol === "https:" ? 443 : 80}` : url.host;
    if (url.protocol === "http:")
      return { target, credentials: grpc.credentials.createInsecure(), options: {} };
    const ca = localCa === undefined ? null : Buffer.from(localCa);
    const options = localCa === undefined ? {} : asJoinName;
    return { target, credentials: grpc.credentials.createSsl(ca), options };
  }

  metadata(): grpc.Metadata {
    return this.#identity.kind === "credential" ? bearer(this.#identity.credential) : new grpc.Metadata();
  }
}

/** The authority vouches for coordinators only: by which name or address one was reached is no matter. */
const asJoinName: grpc.ChannelOptions = {
  "grpc.ssl_target_name_override": joinServerName,
  "grpc.default_authority": joinServerName,
};

export function bearer(token: string): grpc.Metadata {
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

/** That it has the key of its certificate, which has expired. */
export function proofOf({ key }: CertificateIdentity): string {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  const signature = sign("sha256", Buffer.from(rejoinText), { key, dsaEncoding: "ieee-p1363" });
  return keyProof(spki, signature);
}
