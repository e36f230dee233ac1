/** `haversack memory`, every verb of it, against the coordinator's service and store. */

import { type MemoryChange, type MemoryOperation, parseDigest } from "@haversack/protocol";
import { noteDigest } from "@haversack/snapshot";
import { expect, test } from "vitest";
import { openMemory } from "../support/memory-commands.ts";

const operation = (id: string, change: MemoryChange, untrusted = false): MemoryOperation => ({
  id,
  scope: "dag",
  change,
  untrusted,
});
const add = (id: string, text: string, untrusted = false) => operation(id, { kind: "add", text }, untrusted);
const update = (id: string, entry: string, seen: string, text: string) =>
  operation(id, { kind: "update", entry, base: parseDigest(noteDigest(seen)), text });

const ok = (out: string) => ({ code: 0, out: expect.stringContaining(out) as string });

test("what steps note down is listed, shown, logged, compared and gone back from", async () => {
  await using memory = await openMemory();
  const { notes, haversack } = memory;
  const first = await notes(add("op-1", "needs Java 17"), add("op-2", "tests are slow"));
  await notes(update("op-3", "op-1", "needs Java 17", "needs Java 21"));

  expect(await haversack("list")).toMatchObject(ok("dags/test  2        2"));
  expect(await haversack("show test")).toMatchObject(ok("needs Java 21\n"));
  const shown = await haversack("show test --version 1 --json");
  expect(JSON.parse(shown.out)).toMatchObject({
    entries: [{ id: "op-1", source: `${first}/a` }, { id: "op-2" }],
  });
  expect(await haversack("log test")).toMatchObject(ok("    - needs Java 17\n    + needs Java 21\n"));
  expect(await haversack("diff test 0 1")).toMatchObject(
    ok("  + op-1  needs Java 17\n  + op-2  tests are slow\n"),
  );

  expect(await haversack("revert test 1")).toMatchObject(
    ok(
      "is at version 3, with the entries of version 1:\n  ~ op-1\n    - needs Java 21\n    + needs Java 17\n",
    ),
  );
  expect(await haversack("revert test 1")).toMatchObject(ok("nothing differs: dags/test stays at version 3"));
  expect(await haversack("revert test 0")).toMatchObject(ok("  - op-1  needs Java 17\n  - op-2"));
  expect(await haversack("show test")).toMatchObject(ok("version 4\n\nno entries\n"));
  expect(await haversack("revert test 9")).toMatchObject({
    code: 4,
    err: expect.stringContaining("no version 9"),
  });
});

test("what waits is listed with its reason, and is accepted only as it was seen", async () => {
  await using memory = await openMemory();
  const { notes, haversack } = memory;
  await notes(add("op-1", "needs Java 17"));
  const loser = await notes(
    update("op-2", "op-1", "needs Java 8", "needs Java 21"),
    update("op-3", "op-1", "needs Java 8", "needs Java 25"),
    add("op-4", "from outside", true),
    add("op-5", `token ghp_${"0a1B2c3D4e5F6g7H8i9J".repeat(2).slice(0, 36)}`),
    add("op-6", "two\nlines"),
  );

  const listed = await haversack("review test");
  expect(listed.out).toContain(`${loser.slice(0, 8)}/a/op-2  dags/test  change an entry`);
  for (const reason of ["conflict", "untrusted", "secret", "malformed"]) {
    expect(listed.out).toContain(`  why     ${reason}: `);
  }
  expect(listed.out).not.toContain("ghp_");

  // Both were listed with the text of now; once the first is accepted, the second was seen as it no longer is.
  const both = await haversack(`review --accept ${loser}/a/op-2 ${loser}/a/op-3`);
  expect(both).toMatchObject({
    code: 2,
    out: expect.stringContaining("op-2 accepted (dags/test is at version 2): ~ needs Java 21"),
    err: expect.stringContaining("op-3 refused: changed meanwhile; look again with"),
  });
  expect(await haversack(`review --accept ${loser.slice(0, 8)}/a/op-3`)).toMatchObject(ok("at version 3"));
  expect(await haversack(`review --accept ${loser}/a/op-5`)).toMatchObject({
    code: 2,
    err: expect.stringContaining("it can only be dismissed"),
  });
  expect(await haversack("review --accept --all")).toMatchObject({
    code: 2,
    out: expect.stringContaining("op-4 accepted"),
  });
  expect(await haversack("review --dismiss --all")).toMatchObject(ok("op-6 dismissed: + two\\x0alines\n"));
  expect((await haversack("review")).err).toContain("nothing waits");
  expect(await haversack("show test")).toMatchObject(ok("needs Java 25\n"));
});
