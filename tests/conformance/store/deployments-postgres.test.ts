/** Deployments, and those that change over two coordinators of one database at the same moment. */

import { expect, test } from "vitest";
import { withPostgres } from "../../support/postgres.ts";
import { openPostgres, twoOnPostgres } from "../../support/postgres-store.ts";
import { DeploymentsWorld, webSeen } from "./deployments-world.ts";
import { describeDeployments } from "./describe-deployments.ts";

withPostgres("two coordinators on one PostgreSQL", () => {
  test("deploys, sights and removals of the same names over both: revisions grow one by one, nothing is made twice", async () => {
    await using both = await twoOnPostgres((store) => new DeploymentsWorld(store));
    const [one, other] = both.worlds;
    const names = ["a", "b", "c", "d"];
    for (let round = 1; round <= 8; round++) {
      for (const [at, name] of names.entries()) await (at % 2 === 0 ? one : other).submitOne(name);
      const had = await Promise.all([one.claimReady(9), other.claimReady(9)]);
      const refs = had.flat();
      expect(refs).toHaveLength(names.length);
      const letter = "abcdef"[round % 6];
      // Whoever claimed it, each coordinator tries to begin it under every name: one fits.
      const begun = await Promise.all(
        refs.flatMap((ref) =>
          names.map(
            async (name) =>
              [ref, name, await (round % 2 === 0 ? one : other).begin(ref, letter, { name })] as const,
          ),
        ),
      );
      const mine = begun.filter(([, , { kind }]) => kind === "begun");
      expect(mine.map(([, , told]) => (told.kind === "begun" ? told.revision : 0))).toEqual(
        names.map(() => round),
      );
      const sights = [one, other].map((world) =>
        world.sees("w", ...names.map((name) => webSeen(round - 1, { name }))),
      );
      await Promise.all([
        ...sights,
        ...mine.map(([ref], at) => (at % 2 === 0 ? other : one).report(ref, "started")),
      ]);
      for (const name of names)
        expect(await one.row(name)).toMatchObject({ revision: round, lastRevision: round });
    }
  });

  describeDeployments("postgres", openPostgres);
});
