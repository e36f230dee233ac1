/** What waits for review, for people: who asked for what, why it waits, and what accepting it would do. */

import type { MemoryReview, ReviewReason } from "@haversack/protocol";
import { moment } from "./moment.ts";
import type { Paint } from "./paint.ts";
import { clip, printable } from "./printable.ts";

const summaryColumnsMax = 100;

/** Where the coordinator does not say more. */
const reasons = {
  proposed: "the step may propose notes, not write them",
  untrusted: "the agent had read content from outside before it asked for this",
  conflict: "the entry was changed or removed after the agent had read it",
  limit: "it is over a limit of the run or of the scope",
  secret: "the text looks like a secret",
  "not-writable": "the step may not write this scope",
  malformed: "the text is none that memory can hold",
} as const satisfies Record<ReviewReason, string>;

/** What a person should know before accepting; added to what accepting does. */
const cautions: Readonly<Partial<Record<ReviewReason, string>>> = {
  untrusted: "; read it with care: what the agent had read may have told it to note this",
  limit: "; refused while the scope is full",
  "not-writable": ", although the DAG does not let the step write there",
};

const hopeless: Readonly<Partial<Record<ReviewReason, string>>> = {
  secret: "not possible: the text is withheld and nowhere stored; dismiss it",
  malformed: "not possible: memory cannot hold it; dismiss it",
};

/** @param ids of the reviews, short */
export function reviewsText(
  reviews: readonly MemoryReview[],
  ids: ReadonlyMap<string, string>,
  paint: Paint,
): string {
  return reviews.map((review) => reviewBlock(review, ids.get(review.id) ?? review.id, paint)).join("\n");
}

function reviewBlock(review: MemoryReview, id: string, paint: Paint): string {
  const { scope, runId, stepId, reason, at } = review;
  const detail = review.detail === "" ? reasons[reason] : review.detail;
  const lines: readonly (readonly [string, string])[] = [
    ["from", `step ${stepId} of run ${runId}, ${moment(at)}`],
    ["why", `${reason}: ${printable(detail)}`],
    ...operationLines(review, paint),
    ["accept", acceptText(review)],
  ];
  const head = `${paint.strong(printable(id))}  ${scope}  ${verbs[review.operation.change.kind]}`;
  return `${[head, ...lines.map(([name, text]) => `  ${paint.faint(name.padEnd(7))} ${text}`)].join("\n")}\n`;
}

const verbs = { add: "add an entry", update: "change an entry", remove: "remove an entry" } as const;

function operationLines({ operation, reason, current }: MemoryReview, paint: Paint): [string, string][] {
  const { change } = operation;
  const now = current === undefined ? paint.faint("the entry is gone") : paint.bad(`- ${printable(current)}`);
  const lines: [string, string][] = change.kind === "add" ? [] : [["now", now]];
  if (change.kind === "remove") return lines;
  const text = reason === "secret" ? paint.faint("withheld") : paint.good(`+ ${printable(change.text)}`);
  return [...lines, ["wants", text]];
}

/** As the coordinator does it: to the entry as it is now, whatever it was when the agent saw it. */
function acceptText({ scope, operation, reason, current }: MemoryReview): string {
  const { kind } = operation.change;
  const gone = kind !== "add" && current === undefined;
  if (kind === "remove" && gone) return "changes nothing more: the entry is gone already";
  const effect = {
    add: `it becomes an entry of ${scope}`,
    update: gone
      ? "the entry is gone, so the text is noted anew"
      : "the entry gets this text, in place of what it is now",
    remove: "the entry is removed, as it is now",
  };
  return hopeless[reason] ?? `${effect[kind]}${cautions[reason] ?? ""}`;
}

/** One line. */
export function reviewSummary({ operation, reason, current }: MemoryReview): string {
  const { change } = operation;
  if (change.kind === "remove")
    return clip(`- ${printable(current ?? "an entry that is gone")}`, summaryColumnsMax);
  const text = reason === "secret" ? "a text that is withheld" : printable(change.text);
  return clip(`${change.kind === "add" ? "+" : "~"} ${text}`, summaryColumnsMax);
}
