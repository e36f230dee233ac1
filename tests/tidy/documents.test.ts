/** What is written for people stays true: links lead somewhere, commands exist, every example is mentioned. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { exitCodes } from "../../packages/cli/src/exit-codes.ts";
import { runProgram } from "../../packages/cli/src/program.ts";
import type { ClientMaker } from "../../packages/cli/src/shell.ts";
import { fakeOutside } from "../../packages/cli/src/testing/fake-outside.ts";
import { read, root, type Source } from "./sources.ts";

const documents = read(["*.md", "docs/**/*.md", "examples/**/*.md"]);
const isOurs = ({ path }: Source): boolean => !path.startsWith("examples/agents/");

test("the scan sees the documents", () => {
  expect(documents.filter(isOurs).length).toBeGreaterThan(5);
});

test("every relative link leads to a file, and to a heading when it names one", () => {
  const dead = documents.flatMap(({ path, text }) => {
    const links = [...prose(text).matchAll(/\]\(([^)\s]+)\)|<img[^>]*\ssrc="([^"]+)"/g)].map(
      ([, link, image]) => link ?? image ?? "",
    );
    return links
      .filter((link) => !/^[a-z]+:/.test(link) && !isAlive(path, link))
      .map((link) => `${path}: ${link}`);
  });
  expect(dead).toEqual([]);
});

test("every file that is named in a document exists", () => {
  const named = /`((?:packages|proto|examples|tests|bench|docs|scripts)\/[\w./-]+\.\w+)`/g;
  const dead = documents.filter(isOurs).flatMap(({ path, text }) =>
    [...text.matchAll(named)]
      .map(([, file = ""]) => file)
      .filter((file) => !existsSync(join(root, file)))
      .map((file) => `${path}: ${file}`),
  );
  expect(dead).toEqual([]);
});

test("the commands of the documents exist, with their options", async () => {
  const scripts = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object })
    .scripts;
  const helpOf = helpReader();
  const wrong: string[] = [];
  let seen = 0;
  for (const { path, text } of documents.filter(isOurs)) {
    for (const [line, npm, , subcommand = ""] of commandsIn(text)) {
      seen++;
      if (npm !== undefined && !Object.hasOwn(scripts, npm)) wrong.push(`${path}: ${line}`);
      if (npm !== undefined || subcommand === "") continue;
      const own = await helpOf(subcommand);
      // A command of verbs explains their options with each of them.
      const verb = new RegExp(`haversack ${subcommand} ([a-z][a-z-]*)`).exec(line)?.[1] ?? "";
      const hasVerbs = own.startsWith(`Usage: haversack ${subcommand} `) && own.includes("\nCommands:\n");
      const help = hasVerbs && verb !== "" ? await helpOf(subcommand, verb) : own;
      const isKnown = !hasVerbs || verb === "" || help.startsWith(`Usage: haversack ${subcommand} ${verb} `);
      if (!isKnown || !optionsIn(line).every((option) => help.includes(option)))
        wrong.push(`${path}: ${line}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(seen).toBeGreaterThan(10);
});

test("every example is mentioned where a reader looks for it", () => {
  const readme = documents.filter(({ path }) => /^README\.md$|^examples\/README\.md$|^docs\//.test(path));
  const examples = read(["examples/dags/*.yaml"]).map(({ path }) => path);
  expect(examples.length).toBeGreaterThan(1);
  expect(examples.filter((path) => !readme.some(({ text }) => text.includes(path)))).toEqual([]);
});

/** Without the blocks of code, whose brackets are no links. */
const prose = (text: string): string => text.replace(/^```[^]*?^```/gm, "").replace(/`[^`\n]*`/g, "");

function isAlive(from: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? join(root, from) : join(root, dirname(from), file);
  if (!existsSync(target)) return false;
  if (anchor === undefined || !target.endsWith(".md")) return true;
  const headings = [...readFileSync(target, "utf8").matchAll(/^#+\s+(.+)$/gm)].map(([, heading = ""]) =>
    slug(heading),
  );
  return headings.includes(anchor);
}

const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");

/** `npm start`, `npm run x`, `npx haversack y …` in blocks of code. */
function commandsIn(text: string): RegExpMatchArray[] {
  // All blocks, or the end of one would be taken for the begin of the next.
  const blocks = [...text.matchAll(/^ *```(\w*)\n([^]*?)^ *```/gm)]
    .filter(([, language = ""]) => ["", "sh", "console", "text"].includes(language))
    .map(([, , block = ""]) => block);
  const line =
    /(?:npm (?:run (?:--silent )?)?(start|test|run|[a-z]+:[a-z]+|check|format|types|lint|dead|fuzz|bench|chaos|images)\b|(?:npx )?(haversack) ([a-z][a-z-]*)?)[^\n#|]*/g;
  return blocks.flatMap((block) => [...block.matchAll(line)]);
}

const optionsIn = (line: string): string[] =>
  line.match(/(?<=\s)--[a-z-]+/g)?.filter((option) => option !== "--") ?? [];

/** Asks the program once for each, without a process of its own: there are a hundred. */
function helpReader(): (...words: string[]) => Promise<string> {
  const known = new Map<string, Promise<string>>();
  return (...words) => {
    const key = words.join(" ");
    const help = known.get(key) ?? helpText(words);
    known.set(key, help);
    return help;
  };
}

async function helpText(words: readonly string[]): Promise<string> {
  const outside = fakeOutside();
  const code = await runProgram([...words, "--help"], outside, noClient);
  expect([words, code, outside.written.err]).toEqual([words, exitCodes.ok, ""]);
  return outside.written.out;
}

const noClient: ClientMaker = () => {
  throw new Error("help asks nobody");
};
