/** Secrets: what is told of them, and how a step names the ones that it needs. A value is in none of these. */

/** What the vault tells of a secret. */
export interface SecretInfo {
  readonly name: string;
  /** 1 for the first value under this name; one more for each that replaced it. */
  readonly version: number;
  /** Wall clock. */
  readonly setAt: number;
  /** Whose credential set it. */
  readonly setBy: string;
}

/** Where a value comes from: the coordinator's vault, or a variable or file of the worker that runs the step. */
export type SecretSourceName =
  | { readonly secret: string }
  | { readonly env: string }
  | { readonly file: string };

/** A variable of a step's processes, and where its value comes from. */
export interface StepSecret {
  readonly variable: string;
  readonly from: SecretSourceName;
}

/** What a task says of secrets. */
export interface TaskSecrets {
  readonly variables: readonly StepSecret[];
  /** Names in the vault that the pack of the task asks for. */
  readonly ofPack: readonly string[];
  /** Shows that the call for the values is made for this attempt; empty when nothing is asked of the vault. */
  readonly token: Uint8Array;
}

export const secretLimits = { valueBytesMax: 65_536, countMax: 1000, perStepMax: 64 } as const;

const nameForm = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const nameCharactersMax = 64;

/** The same names that packs allow. */
export const isSecretName = (text: string): boolean =>
  text.length <= nameCharactersMax && nameForm.test(text);

/** What is wrong with a value; undefined: nothing. Says how long it is, never what it is. */
export function secretValueProblem(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return "it is empty";
  if (bytes.length > secretLimits.valueBytesMax)
    return `it has more than the ${secretLimits.valueBytesMax} bytes that are allowed`;
  if (bytes.includes(0)) return "it contains a NUL byte, which no variable can hold; encode it in base64";
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return undefined;
  } catch {
    return "it is not UTF-8 text; encode it in base64";
  }
}
