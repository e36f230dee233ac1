/** The installer, and the services that it made, started as systemd would. The folder that it fills stands for `/`. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { repositoryRoot } from "./fleet.ts";
import { commandOf, environmentOf, readUnit } from "./systemd-unit.ts";

export const execute = promisify(execFile);
const script = join(repositoryRoot, "scripts/install.sh");

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function install(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  program = script,
): Promise<Ended> {
  try {
    const { stdout, stderr } = await execute("sh", [program, ...args], { env: { ...process.env, ...env } });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

/** A program of another name's making, first in PATH. */
export async function fakeProgram(folder: string, name: string, body: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

/** In place of npm: the packages that are here already, by hard links. */
export const npm = (folder: string) =>
  fakeProgram(folder, "npm", `cp -al "${repositoryRoot}/node_modules" node_modules`);

/** Where a path of a unit is, or of a variable, below the folder that stands for `/`. */
export const placedIn =
  (root: string) =>
  (text: string): string =>
    text.replaceAll(/(?<![\w/.-])\/(?=opt\/|etc\/|var\/|run\/|home\/)/g, `${root}/`);

/** As systemd would: its line, its environment, its folders, its signal. */
export async function startService(root: string, unitPath: string): Promise<Service> {
  const placed = placedIn(root);
  const unit = await readUnit(join(root, unitPath));
  const state = unit.one("StateDirectory");
  if (state !== "") await mkdir(join(root, "var/lib", state), { recursive: true, mode: 0o700 });
  const credentials = join(root, "run/credentials", state);
  await mkdir(credentials, { recursive: true });
  for (const each of unit.all("LoadCredential")) {
    const [, name = "", file = ""] = /^([^:]*):(.*)$/.exec(each) ?? [];
    await copyFile(placed(file), join(credentials, name));
  }
  const variables = await environmentOf(unit, placed);
  const env = Object.fromEntries([...variables].map(([name, value]) => [name, placed(value)]));
  // Compiled already, by the tests before.
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const own = { PATH, NODE_COMPILE_CACHE, CREDENTIALS_DIRECTORY: credentials };
  const known = new Map(Object.entries({ ...own, ...env }).map(([name, value = ""]) => [name, value]));
  const [program = "", ...args] = commandOf(unit, known).map(placed);
  const child = spawn(program, args, {
    cwd: placed(unit.one("WorkingDirectory")),
    env: { ...own, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new Service(child, unit.one("KillSignal") as NodeJS.Signals);
}

export class Service implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #signal: NodeJS.Signals;
  readonly #ended: Promise<unknown[]>;
  #told = "";
  #heard = Promise.withResolvers<void>();

  constructor(child: ChildProcess, signal: NodeJS.Signals) {
    this.#child = child;
    this.#signal = signal;
    this.#ended = once(child, "close");
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (data: Buffer) => {
        this.#told += data.toString("utf8");
        this.#heard.resolve();
        this.#heard = Promise.withResolvers();
      });
    }
  }

  /** The first line that holds the words. */
  async line(words: string): Promise<string> {
    for (;;) {
      const line = this.#told
        .split("\n")
        .slice(0, -1)
        .find((each) => each.includes(words));
      if (line !== undefined) return line;
      const ended = this.#ended.then(() => {
        throw new Error(`the service ended before it said ${words}:\n${this.#told}`);
      });
      await Promise.race([this.#heard.promise, ended]);
    }
  }

  /** Its exit code and signal. */
  get ended(): Promise<unknown[]> {
    return this.#ended;
  }

  /** @returns exit code and signal */
  async stop(): Promise<unknown[]> {
    this.#child.kill(this.#signal);
    return await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
