/** The secret values of one attempt, by the references that the pack holds. They live in this process and nowhere else. */

import type { SecretReference } from "./assignment.ts";

export class SecretValues {
  readonly #values: ReadonlyMap<string, string>;

  /** @param values in the order of the references; null: this worker does not have it. */
  constructor(references: readonly SecretReference[], values: readonly (string | null)[]) {
    this.#values = new Map(
      references.flatMap((reference, index) => {
        const value = values[index];
        return value === undefined || value === null ? [] : [[keyOf(reference), value] as const];
      }),
    );
  }

  get(reference: SecretReference): string | undefined {
    return this.#values.get(keyOf(reference));
  }

  /** For the masker. */
  all(): string[] {
    return [...this.#values.values()];
  }
}

/** How a person would say it. */
export function nameOf(reference: SecretReference): string {
  if ("env" in reference) return reference.env;
  return "file" in reference ? `the file ${reference.file}` : `the secret "${reference.secret}"`;
}

function keyOf(reference: SecretReference): string {
  if ("env" in reference) return `env:${reference.env}`;
  return "file" in reference ? `file:${reference.file}` : `secret:${reference.secret}`;
}
