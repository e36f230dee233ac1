/** What is printed of the page: never the token of the data folder, and none at all where nobody reads along. */

import { FaultError } from "@haversack/base";
import type { ApiToken } from "@haversack/protocol";
import { expect, test } from "vitest";
import { pageLink } from "./page-link.ts";

const { signal } = new AbortController();
const url = "http://127.0.0.1:7420";
const tokenFile = ".haversack/admin.token";

function setup(answer: () => Promise<{ token: ApiToken; secret: string }>) {
  const asked: object[] = [];
  const client = {
    createToken: async (request: object) => {
      asked.push(request);
      return await answer();
    },
  };
  return { asked, link: (isLive: boolean) => pageLink({ url, client, isLive, tokenFile }, signal) };
}

test("a terminal gets a link with a token of its own, that ends and may not do all", async () => {
  const { asked, link } = setup(async () => ({ token: {} as ApiToken, secret: "hv1_x" }));
  expect(await link(true)).toBe(`${url}/#token=hv1_x (signs in, for 12 hours)`);
  expect(asked).toEqual([{ name: "page of haversack start", role: "operator", lifetimeSeconds: 43_200 }]);
});

test("a file gets none, and none is made", async () => {
  const { asked, link } = setup(async () => ({ token: {} as ApiToken, secret: "hv1_x" }));
  expect(await link(false)).toBe(`${url} (it asks for a token: ${tokenFile} holds one)`);
  expect(asked).toEqual([]);
});

test("without a token the address is told all the same", async () => {
  const { link } = setup(async () => {
    throw new FaultError("busy", "full", "too many");
  });
  expect(await link(true)).toContain(`${url} (it asks for a token: ${tokenFile} holds one; none`);
});
