/** Ids and the paths of files in a pack: one set of rules at build and at decode. */

import { pathProblem } from "@haversack/base";

/** At most 64 characters, bounded before the rest is looked at. */
export const idForm = /^(?=.{1,64}$)[a-z0-9]+(-[a-z0-9]+)*$/;
/** Names of DAGs, which their files and the API choose. They are keys of `memory.dags`, so none is a key that is refused. */
export const dagNameForm = /^(?!(?:constructor|prototype)$)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export function isId(text: string): boolean {
  return idForm.test(text);
}

/** What is wrong with a set of paths, by path; the same for every order of the paths. */
export function pathProblems(paths: readonly string[]): Map<string, string> {
  const problems = new Map<string, string>();
  for (const path of paths) {
    const problem = pathProblem(path);
    if (problem !== undefined) problems.set(path, problem);
  }
  // Only of good paths, whose length and depth are bounded.
  for (const [path, problem] of collisions(paths.filter((path) => !problems.has(path)))) {
    problems.set(path, problem);
  }
  return problems;
}

/** Equal after case folding, or a file where another path needs a folder. */
function collisions(paths: readonly string[]): Map<string, string> {
  const problems = new Map<string, string>();
  const byFolded = new Map<string, string>();
  const ordered = paths.toSorted(comparePaths);
  for (const path of ordered) {
    const folded = foldCase(path);
    const other = byFolded.get(folded);
    if (other !== undefined) problems.set(path, `equals ${JSON.stringify(other)} where case does not count`);
    byFolded.set(folded, path);
  }
  for (const path of ordered) {
    const parent = parents(foldCase(path)).find((folder) => byFolded.has(folder));
    if (parent !== undefined)
      problems.set(path, `lies below ${JSON.stringify(byFolded.get(parent))}, which is a file`);
  }
  return problems;
}

function parents(path: string): string[] {
  const segments = path.split("/");
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join("/"));
}

/** Upper case first: it joins letters that lower case alone keeps apart, such as the two forms of sigma. */
function foldCase(path: string): string {
  return path.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}

/** By UTF-8 bytes. */
export function comparePaths(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** By UTF-16 code unit, as the keys of canonical JSON; ids are ASCII. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
