/** `npm run images -- COMMAND`: builds, tries, signs and publishes the base image. See docs/images.md. */

import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { FaultError, messageOf } from "@haversack/base";
import { type Arch, arches, parseArch } from "./arch.ts";
import { build, recipeOnly, sizesBefore } from "./build.ts";
import { checkCompare, compareBuilds } from "./compare.ts";
import { writeLock } from "./lock.ts";
import { readRecipeFile } from "./recipe.ts";
import { newKey, publish, verifyRelease } from "./release.ts";
import { endPrograms } from "./run.ts";
import { smoke } from "./smoke.ts";

const usage = `npm run images -- COMMAND [options]

  lock                     write images/lock.json anew: the newest packages of Debian 12 and the Node of this repository
  build                    build, and hold the result against the gate; needs root
    --arch x64|arm64|host    default: host
    --out DIR                default: .haversack/images
    --url URL                where the release will be found
    --last FILE              images.json of the release before, to tell growth
    --twice                  build a second time in other circumstances, and compare
  recipe                   the recipe and the agent runtime alone: what the build path needs; needs no root
    --out, --url             as above
  smoke                    start what was built, on each engine that answers
    --arch, --out            as above
    --engine NAME=SOCKET     docker, podman or lxd; again for more; default: the usual sockets
    --must NAME              fail when this engine does not answer; again for more
  keygen --key FILE        make a signing key, FILE and FILE.pub
  publish                  all architectures, built and smoked, or nothing
    --out DIR                where they were built
    --to DIR                 where they go
    --key FILE               signing key
    --url URL                where they will be found; default: files in --to
  verify --to DIR --key FILE.pub    read a release again: signature and every sha256
`;

const options = {
  arch: { type: "string", default: "host" },
  out: { type: "string", default: ".haversack/images" },
  cache: { type: "string", default: join(homedir(), ".cache/haversack-images") },
  url: { type: "string" },
  last: { type: "string" },
  twice: { type: "boolean", default: false },
  engine: { type: "string", multiple: true, default: [] as string[] },
  must: { type: "string", multiple: true, default: [] as string[] },
  key: { type: "string" },
  to: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

const tell = (line: string) => void process.stdout.write(`${line}\n`);

type Values = ReturnType<typeof parse>["values"];
const parse = () => parseArgs({ options, allowPositionals: true });

const commands: Readonly<Record<string, (values: Values) => Promise<void>>> = {
  async lock() {
    const work = await mkdtemp(join(tmpdir(), "haversack-lock-"));
    try {
      const { debian } = await writeLock(work);
      for (const arch of arches) tell(`${arch}: ${debian[arch].length} packages`);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  },
  async build(values) {
    const before = values.last === undefined ? new Map<string, number>() : await sizesBefore(values.last);
    const { arch, out, cache } = places(values);
    const plan = { arch, out, cache, before, tell, ...(values.url !== undefined && { url: values.url }) };
    if (values.twice) await checkCompare();
    const made = await build(plan);
    if (values.twice) await compareBuilds(plan, made);
    for (const { name, sha256, size } of [...made.files, ...made.shared]) tell(`${sha256}  ${size}  ${name}`);
    const others = arches.filter((each) => each !== arch);
    tell(`not built: ${others.join(", ")}; a release needs all of ${arches.join(", ")}`);
  },
  async recipe(values) {
    const { out } = places(values);
    const { name, digest, runtime } = await recipeOnly(out, values.url);
    tell(`${join(out, name)}: ${digest}`);
    tell(`${join(out, runtime.name)}: the agent runtime, sha256 ${runtime.sha256}, which it downloads`);
  },
  async smoke(values) {
    const { arch, out, cache } = places(values);
    const { stamp } = await readRecipeFile();
    await smoke({ arch, out, cache, stamp, engines: values.engine, must: values.must, tell });
  },
  async keygen(values) {
    const file = needed(values.key, "--key FILE");
    const { privateKey, publicKey } = newKey();
    await writeFile(file, privateKey, { mode: 0o600, flag: "wx" });
    await chmod(file, 0o600);
    await writeFile(`${file}.pub`, publicKey);
    tell(`${file} signs releases: keep it secret. ${file}.pub verifies them`);
  },
  async publish(values) {
    const { out: from } = places(values);
    const { stamp } = await readRecipeFile();
    const to = resolve(needed(values.to, "--to DIR"));
    const key = await readFile(needed(values.key, "--key FILE"), "utf8");
    await publish({ from, to, stamp, key, ...(values.url !== undefined && { url: values.url }) });
    tell(`${stamp} is published in ${to}: ${arches.join(", ")}`);
  },
  async verify(values) {
    const key = await readFile(needed(values.key, "--key FILE.pub"), "utf8");
    for (const line of await verifyRelease(resolve(needed(values.to, "--to DIR")), key)) tell(line);
  },
};

function places(values: Values): { arch: Arch; out: string; cache: string } {
  return { arch: parseArch(values.arch), out: resolve(values.out), cache: resolve(values.cache) };
}

function needed(value: string | undefined, what: string): string {
  if (value !== undefined) return value;
  throw new FaultError("invalid", "bad_option", `${what} is missing\n\n${usage}`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, endPrograms);
try {
  const { values, positionals } = parse();
  const [name = ""] = positionals;
  const command = commands[name];
  if (values.help || name === "") tell(usage);
  else if (command === undefined || positionals.length > 1)
    throw new FaultError(
      "invalid",
      "bad_option",
      `there is no command ${JSON.stringify(positionals.join(" "))}\n\n${usage}`,
    );
  else await command(values);
} catch (error) {
  process.stderr.write(`images: ${messageOf(error)}\n`);
  process.exitCode = error instanceof FaultError || (error instanceof TypeError && "code" in error) ? 1 : 70;
}
