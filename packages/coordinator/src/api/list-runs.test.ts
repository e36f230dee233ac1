import { create } from "@bufbuild/protobuf";
import { RunService } from "@haversack/protocol";
import { expect, test } from "vitest";
import type { Store } from "../store/store.ts";
import type { RunListQuery } from "../store/verbs/run-list.ts";
import { listRuns } from "./list-runs.ts";

function world() {
  const asked: RunListQuery[] = [];
  const runsList = async (query: RunListQuery) => {
    asked.push(query);
    return { runs: [], next: { at: 5, no: 7 } };
  };
  const store = { read: { runsList } } as unknown as Store;
  const list = (fields: object) => listRuns(store, create(RunService.method.list.input, fields));
  return { asked, list };
}

test("a page token leads on from where the page ended, for the same filter only", async () => {
  const { asked, list } = world();
  const filter = { dagName: "demo", labels: { team: "data" } };
  const { nextPageToken } = await list(filter);
  await list({ ...filter, pageToken: nextPageToken, pageSize: 7 });
  expect(asked).toEqual([
    { ...filter, limit: 50 },
    { ...filter, limit: 7, after: { at: 5, no: 7 } },
  ]);
  const other = { ...filter, labels: { team: "web" }, pageToken: nextPageToken };
  await expect(list(other)).rejects.toThrow("the page token is that of another filter");
});

test.each(["x", "e30", "bm8ganNvbg", Buffer.from('{"at":"a","no":1,"of":""}').toString("base64url")])(
  "the token %s is refused",
  async (pageToken) => {
    await expect(world().list({ pageToken })).rejects.toMatchObject({
      fault: "invalid",
      code: "bad_page_token",
    });
  },
);

test("a page has at most 500 runs", async () => {
  await expect(world().list({ pageSize: 501 })).rejects.toMatchObject({ code: "bad_page_size" });
});
