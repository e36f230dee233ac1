import { formatProblem, ProblemsError } from "@haversack/protocol";
import { expect, test } from "vitest";
import { Library } from "./library.ts";
import { pinDags } from "./pin-dags.ts";
import { readDag } from "./reached-dags.ts";

const library = new Library(
  "examples/agents",
  "rehearsal",
  undefined,
  async () => new Set(["known", "token"]),
);

async function problemsOf(text: string, stored: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const pinned = pinDags(readDag(text, "f.yaml"), library, async (name) => {
    const source = stored[name];
    return source === undefined ? undefined : { source, fileName: `${name}.yaml` };
  });
  const error: unknown = await pinned.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) return [];
  if (error instanceof ProblemsError) return error.problems.map(formatProblem);
  throw error;
}

test("all secrets that are not there are told at once, where they stand", async () => {
  const text = `name: d
secrets: [known, gone]
dags:
  near:
    steps:
      - { id: n, run: x, secrets: { A: far-away } }
steps:
  - { id: a, run: x }
  - { id: b, run: x, secrets: { T: tokn, U: { env: ANY } } }
  - { id: c, run: x }
  - { id: d, dag: { use: near } }
  - { id: e, dag: { use: stored } }
onExit:
  - { id: f, run: x, secrets: [lost] }
`;
  const stored = "name: stored\nsteps: [{ id: s, run: x, secrets: [nowhere] }]";
  const problems = await problemsOf(text, { stored });
  expect(problems.toSorted()).toEqual([
    expect.stringMatching(
      /^f\.yaml:14:\d+: onExit\[0\]\.secrets\[0\]: there is no secret "lost"; set it: haversack secret set lost$/,
    ),
    expect.stringMatching(/^f\.yaml:2:\d+: secrets\[1\]: there is no secret "gone"/),
    expect.stringMatching(
      /^f\.yaml:6:\d+: dags\.near\.steps\[0\]\.secrets\.A: there is no secret "far-away"/,
    ),
    expect.stringMatching(
      /^f\.yaml:9:\d+: steps\[1\]\.secrets\.T: there is no secret "tokn"; did you mean "token"\?$/,
    ),
    expect.stringMatching(/^stored\.yaml:2:\d+: steps\[0\]\.secrets\[0\]: there is no secret "nowhere"/),
  ]);
});

test("secrets that are there are no problem", async () => {
  expect(await problemsOf("name: d\nsecrets: [known]\nsteps: [{ id: a, run: x }]")).toEqual([]);
});
