import { FaultError } from "@haversack/base";
import {
  type HaversackClient,
  type MemoryReview,
  parseDigest,
  type ReviewReason,
  type ReviewResolution,
} from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "../program.ts";
import { away, fakeClient } from "../testing/fake-client.ts";
import { entryIds, fakeReview, fakeScope, runId } from "../testing/fake-memory.ts";
import { fakeOutside } from "../testing/fake-outside.ts";

async function review(argv: string, client: Partial<HaversackClient>) {
  const env = { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t" };
  const outside = fakeOutside({ env });
  const args = argv === "" ? [] : argv.split(" ");
  const code = await runProgram(["memory", "review", ...args], outside, () => fakeClient(client));
  return { code, ...outside.written };
}

const base = parseDigest(`sha256:${"cd".repeat(32)}`);
const change = (kind: "update" | "remove", text = "") => ({
  operation: { ...fakeReview("x").operation, change: { kind, entry: entryIds.java, base, text } },
});

const added = fakeReview("01a1fda2-4aee-7000");
const updated = fakeReview("01a1fda2-4aff-7000", {
  ...change("update", "needs Java\u202e 21"),
  reason: "conflict",
  detail: "the entry was changed\u001b[2J",
  current: "needs Java\u0007 17",
});
const secret = fakeReview("0200fda2-4aff-7000", {
  operation: { ...added.operation, change: { kind: "add", text: "" } },
  reason: "secret",
  detail: "looks like a secret (aws)",
});

/** Answers page by page, as the coordinator does. */
function waiting(...reviews: readonly MemoryReview[]): Partial<HaversackClient> {
  return {
    memoryReviews: async ({ pageToken = "" }) => {
      const at = Number(pageToken);
      return {
        reviews: reviews.slice(at, at + 1),
        nextPageToken: at + 1 < reviews.length ? `${at + 1}` : "",
      };
    },
  };
}

/** Resolves all, but those for which there is a fault. */
function resolving(faults: Readonly<Record<string, FaultError>> = {}) {
  const asked: ReviewResolution[] = [];
  const client: Partial<HaversackClient> = {
    ...waiting(added, updated, secret),
    resolveReview: async (resolution) => {
      asked.push(resolution);
      const fault = faults[resolution.id];
      if (fault !== undefined) throw fault;
      return 7;
    },
  };
  return { asked, client };
}

describe("haversack memory review", () => {
  test("lists all pages: who asked, why it waits, what is there, what is wanted, what accepting does", async () => {
    const { code, out, err } = await review("", waiting(added, updated, secret));
    expect(code).toBe(exitCodes.ok);
    expect(out.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "(time)")).toBe(
      [
        "01a1fd9b/report/01a1fda2-4ae  dags/repo-report  add an entry",
        `  from    step report of run ${runId}, (time)`,
        "  why     proposed: the step may propose, not write",
        "  wants   + the cache is cold",
        "  accept  it becomes an entry of dags/repo-report",
        "",
        "01a1fd9b/report/01a1fda2-4af  dags/repo-report  change an entry",
        `  from    step report of run ${runId}, (time)`,
        "  why     conflict: the entry was changed",
        "  now     - needs Java\\x07 17",
        "  wants   + needs Java\\u202e 21",
        "  accept  the entry gets this text, in place of what it is now",
        "",
        "01a1fd9b/report/0200fda2  dags/repo-report  add an entry",
        `  from    step report of run ${runId}, (time)`,
        "  why     secret: looks like a secret (aws)",
        "  wants   withheld",
        "  accept  not possible: the text is withheld and nowhere stored; dismiss it",
        "",
      ]
        .join("\n")
        .replace("was changed\n", "was changed\\x1b[2J\n"),
    );
    expect(err).toBe("decide: npx haversack memory review --accept ID… or --dismiss ID…\n");
  });

  test.each<[string, Partial<MemoryReview>, readonly string[]]>([
    [
      "an update of an entry that is gone",
      change("update", "x"),
      ["the entry is gone", "the text is noted anew"],
    ],
    [
      "a removal",
      { ...change("remove"), current: "needs Java 17" },
      ["- needs Java 17", "the entry is removed"],
    ],
    [
      "a removal of an entry that is gone",
      change("remove"),
      ["changes nothing more: the entry is gone already"],
    ],
  ])("%s says so", async (_what, rest, texts) => {
    const { out } = await review("", waiting(fakeReview("op", rest)));
    for (const text of texts) expect(out).toContain(text);
  });

  test.each<[ReviewReason, string]>([
    ["proposed", "proposed: the step may propose notes"],
    ["untrusted", "read it with care"],
    ["conflict", "conflict: the entry was changed or removed"],
    ["limit", "refused while the scope is full"],
    ["secret", "not possible: the text is withheld"],
    ["not-writable", "although the DAG does not let the step write there"],
    ["malformed", "not possible: memory cannot hold it"],
  ])("the reason %s is told in words, without a detail too", async (reason, words) => {
    const { out } = await review("", waiting(fakeReview("op", { reason, detail: "" })));
    expect(out).toContain(words);
  });

  test("asks for one scope only, and tells when nothing waits", async () => {
    const asked: unknown[] = [];
    const memoryReviews: HaversackClient["memoryReviews"] = async (filter) => {
      asked.push(filter);
      return { reviews: [], nextPageToken: "" };
    };
    const { err } = await review("repo-report", { memoryReviews });
    expect(err).toBe("nothing waits for review in dags/repo-report\n");
    expect((await review("", { memoryReviews })).err).toBe("nothing waits for review\n");
    expect(asked).toEqual([
      { pageSize: 500, pageToken: "", scope: "dags/repo-report" },
      { pageSize: 500, pageToken: "" },
    ]);
  });

  test("--json gives everything, the ids whole", async () => {
    const json = JSON.parse((await review("--json", waiting(added, updated))).out) as { reviews: unknown[] };
    expect(json.reviews).toEqual([
      { ...added, at: "2026-01-31T09:14:00.000Z" },
      { ...updated, at: "2026-01-31T09:14:00.000Z" },
    ]);
  });
});

describe("haversack memory review --accept and --dismiss", () => {
  test("passes on what the entry was, by whole ids and by short ones, each once", async () => {
    const { asked, client } = resolving();
    const { code, out } = await review(
      `--accept ${updated.id} 01a1fd9b/report/01a1fda2-4aee 01a1/r/01a1fda2-4af`,
      client,
    );
    expect(code).toBe(exitCodes.ok);
    expect(asked).toEqual([
      { id: added.id, decision: "accept" },
      { id: updated.id, decision: "accept", current: "needs Java\u0007 17" },
    ]);
    expect(out).toBe(
      [
        "01a1fd9b/report/01a1fda2-4ae accepted (dags/repo-report is at version 7): + the cache is cold",
        "01a1fd9b/report/01a1fda2-4af accepted (dags/repo-report is at version 7): ~ needs Java\\u202e 21",
        "",
      ].join("\n"),
    );
  });

  test("--dismiss --all dismisses all that wait", async () => {
    const { asked, client } = resolving();
    const { out } = await review("--dismiss --all", client);
    expect(asked.map(({ id, decision }) => [id, decision])).toEqual([
      [added.id, "dismiss"],
      [updated.id, "dismiss"],
      [secret.id, "dismiss"],
    ]);
    expect(out).toContain("01a1fd9b/report/0200fda2 dismissed: + a text that is withheld\n");
    expect((await review("--dismiss --all", waiting())).err).toBe("nothing waits for review\n");
  });

  test("what changed meanwhile is refused with where to look again, and the others are resolved", async () => {
    const { asked, client } = resolving({
      [added.id]: new FaultError("conflict", "entry_changed", "the entry changed"),
      [updated.id]: new FaultError("conflict", "resolved_before", "the operation is dismissed already"),
    });
    const { code, out, err } = await review("--accept --all --url http://other:1", client);
    expect(code).toBe(exitCodes.invalid);
    expect(err).toBe(
      [
        "01a1fd9b/report/01a1fda2-4ae refused: changed meanwhile; look again with `npx haversack memory review dags/repo-report --url http://other:1`",
        "01a1fd9b/report/01a1fda2-4af refused: the operation is dismissed already",
        "",
      ].join("\n"),
    );
    expect(asked).toHaveLength(3);
    expect(out).toContain("01a1fd9b/report/0200fda2 accepted");
  });

  test("a secret is refused in the words of the coordinator", async () => {
    const words = "its text was not kept: it can only be dismissed";
    const { client } = resolving({ [secret.id]: new FaultError("invalid", "not_acceptable", words) });
    const { code, err } = await review(`--accept ${secret.id}`, client);
    expect({ code, err }).toEqual({
      code: exitCodes.invalid,
      err: `01a1fd9b/report/0200fda2 refused: ${words}\n`,
    });
    const json = await review("--accept --all --json", client);
    expect(json).toMatchObject({ code: exitCodes.invalid, err: "" });
    expect(JSON.parse(json.out)).toEqual({
      resolved: [
        { id: added.id, scope: fakeScope, decision: "accept", version: 7 },
        { id: updated.id, scope: fakeScope, decision: "accept", version: 7 },
      ],
      refused: [
        { id: secret.id, scope: fakeScope, decision: "accept", code: "not_acceptable", message: words },
      ],
    });
  });

  test("a coordinator that goes away ends it; what was resolved until then is told", async () => {
    const { asked, client } = resolving({ [updated.id]: away() });
    const { code, out } = await review("--accept --all --json", client);
    expect(code).toBe(exitCodes.unreachable);
    expect(asked).toHaveLength(2);
    expect(JSON.parse(out)).toMatchObject({ resolved: [{ id: added.id }], refused: [] });
  });

  test("nothing is resolved when one of the ids is unknown or ambiguous", async () => {
    const { asked, client } = resolving();
    const unknown = await review(`--accept ${added.id} nope`, client);
    expect(unknown).toMatchObject({ code: exitCodes.missing, err: expect.stringContaining('under "nope"') });
    const ambiguous = await review(`--accept ${added.id} 01a1fd9b/report/01a1`, client);
    expect(ambiguous).toMatchObject({
      code: exitCodes.invalid,
      err: expect.stringContaining(
        '2 reviews begin with "01a1fd9b/report/01a1": 01a1fd9b/report/01a1fda2-4ae, ',
      ),
    });
    expect(asked).toEqual([]);
  });

  test.each(["--all", "--accept", "--accept a --all", "--accept a --dismiss b", "a/b"])(
    "%s is wrong usage, found before anything is asked",
    async (argv) => {
      expect((await review(argv, {})).code).toBe(exitCodes.invalid);
    },
  );
});
