import { FaultError } from "@haversack/base";
import { type HaversackClient, type MemoryScopeInfo, parseMemoryScopeName } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "../program.ts";
import { fakeClient } from "../testing/fake-client.ts";
import { entryIds, fakeMemory, fakeScope, fakeVersions, runId } from "../testing/fake-memory.ts";
import { fakeOutside } from "../testing/fake-outside.ts";

async function memory(argv: string, client: Partial<HaversackClient> = fakeMemory()) {
  const env = { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t" };
  const outside = fakeOutside({ env });
  const args = argv === "" ? [] : argv.split(" ");
  const code = await runProgram(["memory", ...args], outside, () => fakeClient(client));
  return { code, ...outside.written };
}

describe("haversack memory", () => {
  const scope = (name: string, inReview: number): MemoryScopeInfo => ({
    name: parseMemoryScopeName(name),
    version: 3,
    entries: 2,
    size: 2048,
    inReview,
  });

  test.each(["", "list"])("%s lists the scopes, and says what to type when something waits", async (verb) => {
    const memoryScopes = async () => [scope("dags/repo-report", 2), scope("global", 0)];
    const { code, out, err } = await memory(verb, { memoryScopes });
    expect(code).toBe(exitCodes.ok);
    expect(out).toBe(
      [
        "SCOPE             VERSION  ENTRIES  SIZE     IN REVIEW",
        "dags/repo-report  3        2        2.0 KiB  2",
        "global            3        2        2.0 KiB",
        "",
      ].join("\n"),
    );
    expect(err).toBe("2 operations wait for review: npx haversack memory review\n");
  });

  test("leads to the reviews of the coordinator that it asked", async () => {
    const memoryScopes = async () => [scope("global", 1)];
    const { err } = await memory("--url http://other:1", { memoryScopes });
    expect(err).toBe("1 operation waits for review: npx haversack memory review --url http://other:1\n");
  });

  test("says nothing more when nothing waits, or when JSON is asked for", async () => {
    expect((await memory("", { memoryScopes: async () => [scope("global", 0)] })).err).toBe("");
    expect((await memory("", { memoryScopes: async () => [] })).err).toContain("no agent has noted");
    const { out, err } = await memory("--json", { memoryScopes: async () => [scope("global", 1)] });
    expect(err).toBe("");
    expect(JSON.parse(out)).toEqual({ scopes: [scope("global", 1)] });
  });

  test("takes no word that is no verb, and says how the entries are shown", async () => {
    const { code, err } = await memory("repo-report");
    expect({ code, err }).toEqual({
      code: exitCodes.invalid,
      err: expect.stringContaining("memory show SCOPE"),
    });
  });
});

describe("haversack memory show", () => {
  test("prints the entries with short ids and the step that wrote them, control characters escaped", async () => {
    const { code, out } = await memory("show repo-report --version 2");
    expect(code).toBe(exitCodes.ok);
    expect(out).toBe(
      [
        "dags/repo-report  version 2",
        "",
        "ENTRY         WRITTEN BY            TEXT",
        "01a1fda2-4ae  01a1fd9b-cfc2/report  needs Java 21",
        "01a1fda2-4af  01a1fd9b-cfc2/report  tests\\x1b]0;x\\x07 are slow",
        "",
      ].join("\n"),
    );
  });

  test.each([
    ["global", "global"],
    ["repo-report", "dags/repo-report"],
    ["dags/global", "dags/global"],
  ])("%s is the scope %s", async (name, scope) => {
    expect(JSON.parse((await memory(`show ${name} --json`)).out)).toMatchObject({ scope, version: 4 });
  });

  test("a scope without versions is no error; a bad name is one, found before anything is asked", async () => {
    expect(await memory("show global", fakeMemory([]))).toEqual({
      code: exitCodes.ok,
      out: "",
      err: "nothing was ever noted in global\n",
    });
    expect(await memory("show a/b", {})).toMatchObject({
      code: exitCodes.invalid,
      err: expect.stringContaining("a memory scope is `global`, the name of a DAG, or `dags/<name>`"),
    });
    expect((await memory("show global --version 0", {})).code).toBe(exitCodes.invalid);
  });
});

describe("haversack memory log", () => {
  test("prints what each version did and why it came about, newest first", async () => {
    const { out, err } = await memory("log repo-report");
    expect(err).toBe("");
    expect(out.replace(/ {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}/g, " (time) ")).toBe(
      [
        "version 4 (time) went back to version 1",
        "  ~ 01a1fda2-4ae",
        "    - needs Java 21",
        "    + needs Java 17",
        "",
        `version 3 (time) step report of run ${runId}`,
        "  - 01a1fda2-4af  tests\\x1b]0;x\\x07 are slow",
        "",
        `version 2 (time) step report of run ${runId}, accepted in review`,
        "  ~ 01a1fda2-4ae",
        "    - needs Java 17",
        "    + needs Java 21",
        "  + 01a1fda2-4af  tests\\x1b]0;x\\x07 are slow",
        "",
        `version 1 (time) step report of run ${runId}`,
        "  + 01a1fda2-4ae  needs Java 17",
        "",
      ].join("\n"),
    );
  });

  test("follows the pages up to its limit and tells when there is more", async () => {
    const asked: unknown[] = [];
    const paged: Partial<HaversackClient> = {
      memoryVersions: async (filter) => {
        asked.push(filter);
        return (await fakeMemory().memoryVersions?.(filter, new AbortController().signal))?.slice(0, 2) ?? [];
      },
    };
    const { out, err } = await memory("log repo-report --limit 3", paged);
    expect(out.match(/^version \d/gm)).toEqual(["version 4", "version 3", "version 2"]);
    expect(err).toBe("there are more: --limit 15\n");
    expect(asked).toEqual([
      { scope: fakeScope, pageSize: 3 },
      { scope: fakeScope, pageSize: 1, before: 3 },
    ]);
    const json = JSON.parse((await memory("log repo-report --json", paged)).out) as { versions: unknown[] };
    expect(json.versions).toHaveLength(4);
    expect(json.versions[0]).toMatchObject({
      at: "2026-01-31T09:14:00.000Z",
      cause: { kind: "revert", version: 1 },
    });
  });

  test("a version that only says who wrote a text is no empty line", async () => {
    const edits = [{ entry: entryIds.java, before: "same", after: "same" }];
    const versions = fakeVersions.slice(0, 1).map((version) => ({ ...version, edits }));
    expect((await memory("log repo-report", fakeMemory(versions))).out).toContain(
      "  ~ 01a1fda2  same\n    (only who wrote it)\n",
    );
  });
});

describe("haversack memory diff", () => {
  test.each([
    ["", ["--- dags/repo-report version 3", "  ~ 01a1fda2", "    - needs Java 21", "    + needs Java 17"]],
    [
      "2",
      [
        "--- dags/repo-report version 2",
        "    + needs Java 17",
        "  - 01a1fda2-4af  tests\\x1b]0;x\\x07 are slow",
      ],
    ],
    [
      "0 1",
      ["--- dags/repo-report version 0", "+++ dags/repo-report version 1", "  + 01a1fda2  needs Java 17"],
    ],
    [
      "1 0",
      ["--- dags/repo-report version 1", "+++ dags/repo-report version 0", "  - 01a1fda2  needs Java 17"],
    ],
  ])("between versions %j", async (versions, lines) => {
    const { code, out } = await memory(`diff repo-report ${versions}`.trim());
    expect(code).toBe(exitCodes.ok);
    for (const line of lines) expect(out.split("\n")).toContain(line);
  });

  test("says when nothing differs", async () => {
    const { out } = await memory("diff repo-report 1 4");
    expect(out).toBe("equal: dags/repo-report has the same entries at version 1 and at version 4\n");
    const json = JSON.parse((await memory("diff repo-report 1 4 --json")).out) as unknown;
    expect(json).toEqual({ scope: fakeScope, from: 1, to: 4, equal: true, changes: [] });
    expect((await memory("diff global", fakeMemory([]))).out).toContain("equal");
  });

  test("--json names each change", async () => {
    const json = JSON.parse((await memory("diff repo-report 1 2 --json")).out) as unknown;
    expect(json).toMatchObject({
      equal: false,
      changes: [
        { entry: entryIds.java, change: "changed", before: "needs Java 17", after: "needs Java 21" },
        { entry: entryIds.tests, change: "added" },
      ],
    });
  });
});

describe("haversack memory revert", () => {
  /** Before the revert that is the newest of {@link fakeVersions}. */
  function reverting(): Partial<HaversackClient> {
    let versions = fakeVersions.slice(0, 3);
    return {
      memory: (...args) => fakeMemory(versions).memory?.(...args) ?? Promise.reject(new Error("none")),
      memoryVersions: (...args) =>
        fakeMemory(versions).memoryVersions?.(...args) ?? Promise.reject(new Error("none")),
      revertMemory: async (_scope, version) => {
        if (version > 3) throw new FaultError("missing", "unknown_version", "there is no version 9");
        if (version === 1) versions = [...fakeVersions];
        return versions.length;
      },
    };
  }

  test("prints what it changed", async () => {
    const { code, out } = await memory("revert repo-report 1", reverting());
    expect({ code, out }).toEqual({
      code: exitCodes.ok,
      out: [
        "dags/repo-report is at version 4, with the entries of version 1:",
        "  ~ 01a1fda2",
        "    - needs Java 21",
        "    + needs Java 17",
        "",
      ].join("\n"),
    });
    const json = JSON.parse((await memory("revert repo-report 1 --json", reverting())).out) as unknown;
    expect(json).toMatchObject({ version: 4, changed: true, edits: [{ entry: entryIds.java }] });
  });

  test("says when nothing differs, and does not claim the version of somebody else", async () => {
    const same = await memory("revert repo-report 3", reverting());
    expect(same.out).toBe(
      "nothing differs: dags/repo-report stays at version 3, with the entries of version 3\n",
    );
    // A step made version 2 with just these entries in between, so the revert had nothing to do.
    const raced = {
      ...fakeMemory(),
      memory: fakeMemory(fakeVersions.slice(0, 1)).memory,
      revertMemory: async () => 2,
    };
    const json = await memory("revert repo-report 2 --json", raced as Partial<HaversackClient>);
    expect(JSON.parse(json.out)).toEqual({ scope: fakeScope, version: 2, changed: false, edits: [] });
  });

  test("a version that is not there is missing, one that is no number is invalid", async () => {
    expect((await memory("revert repo-report 9", reverting())).code).toBe(exitCodes.missing);
    expect((await memory("revert repo-report x", {})).code).toBe(exitCodes.invalid);
  });
});
