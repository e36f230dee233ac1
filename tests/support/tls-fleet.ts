/** A coordinator that others could reach: TLS of its own authority, a listener for workers, join tokens. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient, type HaversackClient, joinServerName } from "@haversack/protocol";
import { noSignal, Program } from "./fleet.ts";
import { tempFolder } from "./temp-folder.ts";

export class TlsFleet implements AsyncDisposable {
  readonly folder: string;
  readonly #programs: Program[] = [];
  readonly #remove: () => PromiseLike<void>;
  url = "https://127.0.0.1:0";
  workersPort = 0;
  #coordinator: Program | undefined;

  private constructor(folder: string, remove: () => PromiseLike<void>) {
    this.folder = folder;
    this.#remove = remove;
  }

  static async start(...more: string[]): Promise<TlsFleet> {
    const folder = await tempFolder("haversack-tls");
    const fleet = new TlsFleet(folder.path, () => folder[Symbol.asyncDispose]());
    await fleet.startCoordinator(...more);
    return fleet;
  }

  get data(): string {
    return join(this.folder, "coordinator");
  }

  /** The first time on a port that the system chooses, then on the same one. */
  async startCoordinator(...more: string[]): Promise<Program> {
    const listen = this.url.replace("https://", "");
    const listeners = ["--listen", listen, "--tls", "auto", "--listen-workers", "127.0.0.1:0"];
    const program = this.start(["coordinator", "--data", this.data, ...listeners, ...more]);
    this.#coordinator = program;
    this.url = /(https:\S+?),/.exec(await program.line(/listening on/))?.[1] ?? "";
    const told = JSON.parse(await readFile(join(this.data, "coordinator.json"), "utf8")) as {
      workers: string;
    };
    this.workersPort = Number(new URL(told.workers).port);
    return program;
  }

  async stopCoordinator(): Promise<void> {
    await this.#coordinator?.kill("SIGTERM");
  }

  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const program = new Program(args, env);
    this.#programs.push(program);
    return program;
  }

  /** Of a machine that has nothing of the coordinator's but its address and a token. */
  worker(name: string, token = "", ...more: string[]): Program {
    const data = join(this.folder, name);
    const args = ["worker", "--coordinator", this.url, "--data", data, "--name", name, "--slots", "2"];
    return this.start([...args, ...more], { HAVERSACK_JOIN_TOKEN: token });
  }

  async client(): Promise<HaversackClient> {
    const token = (await readFile(join(this.data, "admin.token"), "utf8")).trim();
    const ca = await readFile(join(this.data, "ca/ca.crt"), "utf8");
    return createClient({ url: this.url, token, ca, serverName: joinServerName });
  }

  async joinToken(more: { pool?: string; labels?: Record<string, string> } = {}): Promise<string> {
    const asked = { labels: {}, ttlMs: 600_000, uses: 1, ...more };
    return (await (await this.client()).createJoinToken(asked, noSignal)).token;
  }

  /** A worker that has joined and is connected. */
  async joined(
    name: string,
    more: { pool?: string; labels?: Record<string, string> } = {},
  ): Promise<Program> {
    const program = this.worker(name, await this.joinToken(more));
    await program.line(/"joined"/);
    return program;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs.toReversed()) await program[Symbol.asyncDispose]();
    await this.#remove();
  }
}
