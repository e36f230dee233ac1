/**
 * The secret values of one attempt. Those of the vault are fetched together, after the lease and just before the step
 * starts, and live in this process until the attempt ends; the others are looked up on this worker. Whoever gets a value
 * here has it masked from then on: handing out and arming the masker are one call.
 */

import { FaultError, faultOf, messageOf } from "@haversack/base";
import type { AttemptRef, SecretSourceName, Task } from "@haversack/protocol";
import { isMaskable, type Masker } from "../mask/masker.ts";
import type { SecretSource } from "./secret-source.ts";

export interface AttemptSecretsParts {
  readonly connection: {
    getAttemptSecrets(
      ref: AttemptRef,
      token: Uint8Array,
      signal: AbortSignal,
    ): Promise<ReadonlyMap<string, string>>;
  };
  /** What this worker has itself. */
  readonly host: SecretSource;
  readonly masker: Masker;
  readonly note: (text: string) => void;
}

const codes: Readonly<Record<string, string>> = {
  missing: "unknown_secret",
  corrupt: "secret_damaged",
  denied: "secret_denied",
};

export class AttemptSecrets {
  readonly #task: Task;
  readonly #parts: AttemptSecretsParts;
  readonly #told = new Set<string>();
  #ofVault: ReadonlyMap<string, string> = new Map();

  constructor(task: Task, parts: AttemptSecretsParts) {
    this.#task = task;
    this.#parts = parts;
  }

  /** Asks the coordinator, if the task names anything of its vault. Rejects by the name of what is not there. */
  async fetch(signal: AbortSignal): Promise<void> {
    const { ref, secrets } = this.#task;
    if (secrets === undefined || secrets.token.length === 0) return;
    try {
      this.#ofVault = await this.#parts.connection.getAttemptSecrets(ref, secrets.token, signal);
    } catch (error) {
      const fault = faultOf(error);
      const code = codes[fault];
      throw code === undefined ? error : new FaultError(fault, code, messageOf(error), { cause: error });
    }
    // All of them: a pack may be asked for its own only later, or by a process that never comes to it.
    this.#parts.masker.arm(this.#ofVault.values());
  }

  /** Undefined: it is not to be had here. */
  async resolve(from: SecretSourceName): Promise<string | undefined> {
    const value = "secret" in from ? this.#ofVault.get(from.secret) : await this.#parts.host.resolve(from);
    if (value === undefined) return undefined;
    this.#parts.masker.arm([value]);
    this.#tell(from, value);
    return value;
  }

  /** Of the step's processes. Rejects by the name of what is not there. */
  async variables(): Promise<ReadonlyMap<string, string>> {
    const values = new Map<string, string>();
    for (const { variable, from } of this.#task.secrets?.variables ?? []) {
      const value = await this.resolve(from);
      if (value === undefined) {
        const message = `the variable ${variable} of this step is ${named(from)}, which is not to be had here; set it, or ask for another worker by \`worker\``;
        throw new FaultError("missing", "secret_unavailable", message);
      }
      values.set(variable, value);
    }
    return values;
  }

  #tell(from: SecretSourceName, value: string): void {
    const name = named(from);
    if (isMaskable(value) || this.#told.has(name)) return;
    this.#told.add(name);
    const bytes = Buffer.byteLength(value);
    this.#parts.note(`${name} has ${bytes} bytes, too few to be told from ordinary text: it is not masked`);
  }
}

function named(from: SecretSourceName): string {
  if ("secret" in from) return `the secret "${from.secret}"`;
  return "env" in from ? `the variable ${from.env} of the worker` : `the file ${from.file} of the worker`;
}
