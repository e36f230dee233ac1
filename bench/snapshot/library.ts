/** Agent libraries of a given size, made the same way on every machine: one agent that uses every skill. */

import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { invariant } from "@haversack/base";
import { type Draw, drawFrom, markdown, randomBytes, script } from "./text.ts";

/** By path; what ends in `.sh` is executable. */
export type LibraryFiles = ReadonlyMap<string, Uint8Array>;

export const agentName = "writer";

const skillsMax = 32;
/** Of a skill's bytes: assets do not compress, scripts are short, the rest is Markdown. */
const assetShare = 0.25;
const scriptShare = 0.1;
const manifestBytesMax = 8_000;
/** An asset is base64 in the pack, which gzip takes back but for this. */
const packedShare = 1.033;
/** Of the pack of an asset: everything else, compressed. */
const restBytes = 1_500;
const fileBytesMax = { asset: 60_000, script: 6_000, reference: 24_000 };

/** Files of exactly `bytes` in all. */
export function sampleLibrary(bytes: number): LibraryFiles {
  const skillCount = Math.min(skillsMax, Math.max(1, Math.round(Math.sqrt(bytes / 5_000))));
  const skills = Array.from({ length: skillCount }, (_, index) => `skill-${index + 1}`);
  const files = new Map<string, Uint8Array>(baseFiles(skills));
  const room = bytes - sizeOf(files);
  for (const [index, name] of skills.entries()) {
    const size = Math.floor((room * (index + 1)) / skillCount) - Math.floor((room * index) / skillCount);
    addSkill(files, name, size, index + 1);
  }
  invariant(sizeOf(files) === bytes, `a library of ${bytes} bytes has ${sizeOf(files)}`);
  return files;
}

/** Almost all of it one asset that does not compress: its pack has about `packBytes`, compressed. */
export function assetLibrary(packBytes: number): LibraryFiles {
  const manifest = encode(manifestOf("skill-1", drawFrom(1), 1_000));
  const asset = randomBytes(1, Math.round((packBytes - restBytes) / packedShare));
  return new Map([
    ...baseFiles(["skill-1"]),
    ["skills/skill-1/SKILL.md", manifest],
    ["skills/skill-1/assets/a.bin", asset],
  ]);
}

export async function writeLibrary(folder: string, files: LibraryFiles): Promise<void> {
  for (const [path, bytes] of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes);
    await chmod(target, path.endsWith(".sh") ? 0o755 : 0o644);
  }
}

function baseFiles(skills: readonly string[]): [string, Uint8Array][] {
  const draw = drawFrom(0);
  const texts: [string, string][] = [
    ["config.yaml", "version: 1\nmodel: main\nsoul: engineer\npermissions:\n  allow: [read(**)]\n"],
    ["models/main.yaml", "provider: openai-compatible\nbaseURL: { env: MODEL_URL }\nmodel: small\n"],
    ["souls/engineer.md", `---\nname: Engineer\n---\n${markdown(draw, 300)}`],
    [
      `profiles/${agentName}.md`,
      `---\nname: ${agentName}\ndescription: Writes\nskills: [${skills.join(", ")}]\n` +
        `tools: [read, skill, output]\n---\n${markdown(draw, 300)}`,
    ],
  ];
  return texts.map(([path, text]) => [path, encode(text)]);
}

function addSkill(files: Map<string, Uint8Array>, name: string, bytes: number, seed: number): void {
  const draw = drawFrom(seed);
  const assets = Math.floor(bytes * assetShare);
  const scripts = Math.floor(bytes * scriptShare);
  const manifest = Math.min(manifestBytesMax, bytes - assets - scripts);
  const references = bytes - assets - scripts - manifest;
  const add = (path: string, content: Uint8Array): void => void files.set(`skills/${name}/${path}`, content);
  add("SKILL.md", encode(manifestOf(name, draw, manifest)));
  pieces(assets, fileBytesMax.asset, (index, size) =>
    add(`assets/image-${index}.bin`, randomBytes(seed * 1000 + index, size)),
  );
  pieces(scripts, fileBytesMax.script, (index, size) =>
    add(`scripts/collect-${index}.sh`, encode(script(draw, size))),
  );
  pieces(references, fileBytesMax.reference, (index, size) =>
    add(`references/chapter-${index}.md`, encode(markdown(draw, size))),
  );
}

function manifestOf(name: string, draw: Draw, bytes: number): string {
  const frontMatter = `---\nname: ${name}\ndescription: Collects figures and writes them down\n---\n`;
  return frontMatter + markdown(draw, bytes - frontMatter.length);
}

function pieces(bytes: number, bytesMax: number, add: (index: number, size: number) => void): void {
  for (let from = 0, index = 1; from < bytes; from += bytesMax, index++) {
    add(index, Math.min(bytesMax, bytes - from));
  }
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const sizeOf = (files: LibraryFiles): number =>
  [...files.values()].reduce((sum, { length }) => sum + length, 0);
