/** Addresses and where they lead. */

import { expect, test } from "vitest";
import { parseRoute, pathTo } from "./route.ts";

test.each([
  ["#/images", { view: "images" }],
  ["#/deployments", { view: "deployments" }],
  ["#/deployments/web-1", { view: "deployments", name: "web-1" }],
] as const)("%s", (hash, route) => {
  expect([parseRoute(hash), pathTo(route)]).toEqual([route, hash]);
});

test.each(["", "#", "#/", "#/runs", "#/deployments/A%20b", "#/deployments/../x", "#token=x"])(
  "%s leads to the first view",
  (hash) => {
    expect(parseRoute(hash)).toEqual({ view: "images" });
  },
);
