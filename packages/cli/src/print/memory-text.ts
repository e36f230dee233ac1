/** Memory for people: scopes, entries, and versions with what each one did. Notes are as hostile as log lines. */

import { shortIds } from "@haversack/base";
import type {
  MemoryCause,
  MemoryEdit,
  MemoryScopeInfo,
  MemoryState,
  MemoryVersion,
} from "@haversack/protocol";
import { type ChangeKind, changeKind } from "../memory/changes.ts";
import { bytes, moment } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";
import { table } from "./table.ts";

/** The id of a run begins with its time; so much of it tells runs of one minute apart. */
const runCharactersMin = 13;
const signs = { added: "+", removed: "-", changed: "~" } as const satisfies Record<ChangeKind, string>;
const brushes = { added: "good", removed: "bad", changed: "busy" } as const satisfies Record<
  ChangeKind,
  string
>;

export function scopesText(scopes: readonly MemoryScopeInfo[], paint: Paint): string {
  const rows = scopes.map(({ name, version, entries, size, inReview }) => [
    name,
    String(version),
    String(entries),
    bytes(size),
    inReview === 0 ? "" : paint.busy(String(inReview)),
  ]);
  return table(["SCOPE", "VERSION", "ENTRIES", "SIZE", "IN REVIEW"], rows);
}

export function entriesText({ scope, version, entries }: MemoryState, paint: Paint): string {
  const head = `${paint.strong(scope)}  ${paint.faint(`version ${version}`)}`;
  if (entries.length === 0) return `${head}\n\nno entries\n`;
  const ids = shortIds(entries.map(({ id }) => id));
  const runs = shortIds(
    entries.map(({ source }) => splitSource(source).run),
    runCharactersMin,
  );
  const rows = entries.map(({ id, text, source }) => {
    const { run, step } = splitSource(source);
    return [
      printable(ids.get(id) ?? id),
      paint.faint(printable((runs.get(run) ?? run) + step)),
      printable(text),
    ];
  });
  return `${head}\n\n${table(["ENTRY", "WRITTEN BY", "TEXT"], rows)}`;
}

function splitSource(source: string): { readonly run: string; readonly step: string } {
  const at = source.indexOf("/");
  return at < 0 ? { run: source, step: "" } : { run: source.slice(0, at), step: source.slice(at) };
}

/** In the order in which they are given. */
export function versionsText(versions: readonly MemoryVersion[], paint: Paint): string {
  const ids = shortIds(versions.flatMap(({ edits }) => edits.map(({ entry }) => entry)));
  const blocks = versions.map(({ version, at, cause, edits }) =>
    [
      `${paint.strong(`version ${version}`)}  ${moment(at)}  ${causeText(cause)}`,
      ...edits.flatMap((edit) => editLines(edit, ids, paint)),
    ].join("\n"),
  );
  return `${blocks.join("\n\n")}\n`;
}

function causeText(cause: MemoryCause): string {
  if (cause.kind === "revert") return `went back to version ${cause.version}`;
  const step = `step ${cause.stepId} of run ${cause.runId}`;
  return cause.kind === "step" ? step : `${step}, accepted in review`;
}

export function editsText(edits: readonly MemoryEdit[], paint: Paint): string {
  const ids = shortIds(edits.map(({ entry }) => entry));
  return edits.flatMap((edit) => `${editLines(edit, ids, paint).join("\n")}\n`).join("");
}

/** `+ id  text`; a changed text is a line for what it was and one for what it is. */
function editLines(edit: MemoryEdit, ids: ReadonlyMap<string, string>, paint: Paint): string[] {
  const { entry, before, after } = edit;
  const id = printable(ids.get(entry) ?? entry);
  const kind = changeKind(edit);
  const head = paint[brushes[kind]](`  ${signs[kind]} ${id}`);
  // A revert may bring the same text back as another step wrote it.
  if (before === after) return [`${head}  ${printable(after ?? "")}`, paint.faint("    (only who wrote it)")];
  if (kind !== "changed") return [`${head}  ${printable(after ?? before ?? "")}`];
  return [head, paint.bad(`    - ${printable(before ?? "")}`), paint.good(`    + ${printable(after ?? "")}`)];
}
