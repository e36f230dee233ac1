/** Which row a worker gets, and what can be asked of it. */

import type { ImageState } from "@haversack/protocol";
import { expect, test } from "vitest";
import { digest, engine, otherDigest, someImage, someWorker, workerId } from "../testing/images.ts";
import { canEnd, imageRows, whyNoCancel, whyNoPull } from "./image-rows.ts";
import { reduce } from "./reduce.ts";
import { firstState, type State } from "./state.ts";

const file = { urls: [], sha256: digest, size: 1, unpacked: 1 };
const base = { stamp: "1", recipe: digest, arches: new Map([["x64", { oci: file }]]) };
const operator = { name: "me", role: "operator" } as const;

function rowFor(images: readonly Parameters<typeof someImage>[0][], more: Partial<State> = {}) {
  const list = { images: images.map((each) => someImage(each)), engines: new Map([["w-1", engine]]), base };
  const told = reduce(firstState, { kind: "images", list });
  const state = { ...told, workers: new Map([[workerId, someWorker()]]), ...more };
  const [row] = imageRows(state);
  if (row === undefined) throw new Error("there is no row");
  return row;
}

test("of several images the wanted one is shown, whatever is newer; the rest stands behind it", () => {
  const row = rowFor([
    { digest: otherDigest, state: "ready", since: 9 },
    { state: "absent", since: 1 },
  ]);
  expect([row.image?.status.digest, row.others.map(({ status }) => status.digest)]).toEqual([
    digest,
    [otherDigest],
  ]);
});

test("workers without an engine, without a word and away have rows too; revoked ones do not", () => {
  const silent = imageRows({ ...firstState, workers: new Map([[workerId, someWorker()]]) });
  expect(silent).toMatchObject([{ workerName: "one", isConnected: true, cannotDeploy: false }]);
  const without = { ...firstState, engines: new Map([[workerId, undefined]]) };
  expect(imageRows(without)).toMatchObject([{ cannotDeploy: true }]);
  const away = rowFor([{}], { workers: new Map([[workerId, someWorker({ connected: false })]]) });
  expect([away.isConnected, away.engine]).toEqual([false, undefined]);
  const revoked = { ...firstState, workers: new Map([[workerId, someWorker({ revokedAt: 1 })]]) };
  expect(imageRows(revoked)).toEqual([]);
});

test.each<[ImageState, boolean, boolean]>([
  ["unknown", true, false],
  ["absent", true, false],
  ["disabled", true, false],
  ["unsupported", false, false],
  ["queued", false, true],
  ["resolving", false, true],
  ["downloading", false, true],
  ["verifying", false, true],
  ["importing", false, true],
  ["ready", false, false],
  ["failed", true, false],
  ["cancelled", true, false],
])("%s: pull %s, cancel %s", (state, pull, cancel) => {
  const row = rowFor([{ state }]);
  expect([whyNoPull(row, operator) === undefined, canEnd(row)]).toEqual([pull, cancel]);
});

test("a failure that is tried again can be ended", () => {
  const failure = { code: "network", message: "", hint: "", retryAt: 1 };
  expect(canEnd(rowFor([{ state: "failed", failure }]))).toBe(true);
});

test("who may look only is told so, before anything else", () => {
  const row = rowFor([{ state: "downloading" }]);
  expect(whyNoPull(row, { name: "me", role: "viewer" })).toContain("role viewer");
  expect(whyNoCancel(row, { name: "me", role: "viewer" })).toContain("needs the role operator");
  for (const role of ["operator", "editor", "admin"] as const)
    expect(whyNoCancel(row, { name: "me", role })).toBeUndefined();
});
