/** Reviews by the beginnings of the ids that their names are made of. */

import { shortIds } from "@haversack/base";

/** A review is named `<run id>/<step id>/<operation>`: the outer two become short, each by itself. */
export function shortReviewIds(ids: readonly string[]): ReadonlyMap<string, string> {
  const all = ids.map(parts);
  const runs = shortIds(all.map(({ run }) => run));
  const operations = new Map<string, ReadonlyMap<string, string>>();
  for (const [place, group] of Map.groupBy(all, ({ run, step }) => run + step)) {
    operations.set(place, shortIds(group.map(({ operation }) => operation)));
  }
  return new Map(
    all.map(({ id, run, step, operation }) => [
      id,
      `${runs.get(run) ?? run}${step}${operations.get(run + step)?.get(operation) ?? operation}`,
    ]),
  );
}

/** The ids that a person may mean: part by part the same, else begun alike. More than one: ambiguous. */
export function idsNamed(ids: readonly string[], name: string): string[] {
  const asked = name.split("/");
  if (asked.includes("")) return [];
  let left = ids.map((id) => ({ id, parts: id.split("/") }));
  for (const [index, part] of asked.entries()) {
    const same = left.filter(({ parts }) => parts[index] === part);
    left = same.length > 0 ? same : left.filter(({ parts }) => parts[index]?.startsWith(part) === true);
  }
  return left.map(({ id }) => id);
}

/** `step` with the slashes around it; an id without slashes is all `operation`. */
function parts(id: string): Record<"id" | "run" | "step" | "operation", string> {
  const first = Math.max(0, id.indexOf("/"));
  const last = id.lastIndexOf("/") + 1;
  return { id, run: id.slice(0, first), step: id.slice(first, last), operation: id.slice(last) };
}
