/** A listener's key and certificate: from files, read again when they change, or issued by the cluster's own authority. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { isIP } from "node:net";
import { Background, FaultError, type Ms, messageOf, type Ports, pause, type Service } from "@haversack/base";

export interface KeyPair {
  /** PEM. */
  readonly key: string;
  /** PEM, with those that lead to the authority. */
  readonly cert: string;
}

export interface KeySource {
  /** Rejects with FaultError `invalid` and what to do. */
  read(): Promise<KeyPair>;
  /** Changes when it is worth reading again. */
  version(): Promise<string>;
}

const lookEveryMs: Ms = 5000;

export class TlsKeys implements Service {
  readonly name = "tls-keys";
  readonly #source: KeySource;
  readonly #ports: Ports;
  readonly #loop: Background;
  readonly #listeners: (() => void)[] = [];
  #current: KeyPair;
  #version: string;

  private constructor(source: KeySource, ports: Ports, first: { current: KeyPair; version: string }) {
    this.#source = source;
    this.#ports = ports;
    this.#current = first.current;
    this.#version = first.version;
    this.#loop = new Background(
      this.name,
      (signal) => this.#watch(signal),
      () => {},
    );
  }

  static async open(source: KeySource, ports: Ports): Promise<TlsKeys> {
    const version = await source.version();
    return new TlsKeys(source, ports, { current: await source.read(), version });
  }

  get current(): KeyPair {
    return this.#current;
  }

  /** Whether the certificate is for this name or address. */
  covers(host: string): boolean {
    const certificate = new X509Certificate(this.#current.cert);
    return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
  }

  onChange(call: () => void): void {
    this.#listeners.push(call);
  }

  start(): Promise<void> {
    return this.#loop.start();
  }

  stop(mode: "drain" | "now"): Promise<void> {
    return this.#loop.stop(mode);
  }

  /** Never rejects: what cannot be used is told, and what was used before goes on. */
  async reload(): Promise<void> {
    try {
      const version = await this.#source.version();
      const current = await this.#source.read();
      this.#version = version;
      if (current.cert === this.#current.cert && current.key === this.#current.key) return;
      this.#current = current;
      for (const call of this.#listeners) call();
      const { validTo } = new X509Certificate(current.cert);
      this.#ports.log.info({ validTo }, "a new TLS certificate is used from now on");
    } catch (error) {
      this.#ports.log.error({ reason: messageOf(error) }, "the TLS certificate was not changed");
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(this.#ports.clock, lookEveryMs, signal);
      const version = await this.#source.version().catch(() => this.#version);
      if (version !== this.#version) await this.reload();
    }
  }
}

/** Two PEM files. */
export function keyFiles(certFile: string, keyFile: string): KeySource {
  return {
    async version() {
      const stats = await Promise.all([certFile, keyFile].map((file) => stat(file)));
      return stats.map(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`).join(" ");
    },
    async read() {
      const [cert, key] = await Promise.all([text(certFile, "--tls-cert"), text(keyFile, "--tls-key")]);
      requirePair({ cert, key }, certFile, keyFile);
      return { cert, key };
    },
  };
}

async function text(file: string, option: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new FaultError(
      "invalid",
      "bad_tls_file",
      `${option}: ${file} cannot be read: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function requirePair({ cert, key }: KeyPair, certFile: string, keyFile: string): void {
  const certificate = parsed(
    `--tls-cert: ${certFile} holds no certificate in PEM`,
    () => new X509Certificate(cert),
  );
  const privateKey = parsed(`--tls-key: ${keyFile} holds no private key in PEM without a password`, () =>
    createPrivateKey(key),
  );
  if (certificate.checkPrivateKey(privateKey)) return;
  const message = `--tls-key: ${keyFile} is not the key of the first certificate in ${certFile}; the listener's own certificate comes first there`;
  throw new FaultError("invalid", "bad_tls_file", message);
}

function parsed<T>(otherwise: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new FaultError("invalid", "bad_tls_file", otherwise, { cause: error });
  }
}
