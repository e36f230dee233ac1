/**
 * Values of dotenv files are stored with the DAG and with its runs, and shown: what looks like a key is refused, as in
 * the agent library, and excused in the same way.
 */

import { type Problem, ProblemsError } from "@haversack/protocol";
import { type KeyLikeHit, scanText } from "@haversack/snapshot";
import type { ReadDotenv } from "../dag/dotenv.ts";
import type { Library } from "./library.ts";

/** Rejects with ProblemsError, which names the place and the kind of key, never the text. */
export async function refuseKeys(files: ReadDotenv["files"], library: Library): Promise<void> {
  if (files.every(({ text }) => scanText(text).length === 0)) return;
  const { allowedStrings } = await library.read();
  const problems = files.flatMap(({ file, text }) =>
    scanText(text, allowedStrings).map((hit) => problem(file, hit)),
  );
  if (problems.length > 0) throw new ProblemsError(problems);
}

function problem(file: string, { pattern, line, column, digest }: KeyLikeHit): Problem {
  const message =
    `looks like a secret (${pattern}). Values of dotenv files are stored and shown: leave it out, and have the step read ` +
    `it on its worker; or, if it is none, add the line ${digest} to .allowed-strings of the agent library`;
  return { file, line, column, field: "", code: "key_like_string", message };
}
