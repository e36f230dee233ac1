/** The processes under test: coordinators on one store, workers behind links of their own, and what names them. */

import { appendFile, copyFile, mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { createClient, type HaversackClient } from "@haversack/protocol";
import { Program, repositoryRoot } from "../support/fleet.ts";
import type { Namespace } from "./namespace.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const tokenFiles = ["admin.token", "worker.token"];

export interface SiteOptions {
  /** Empty; removed by whoever made it. */
  readonly folder: string;
  /** Environment of coordinators and workers, such as the store. */
  readonly env: Readonly<Record<string, string>>;
  readonly coordinators: number;
  readonly workers: number;
  readonly leaseTtlMs: number;
  /** The last worker lives in it. */
  readonly namespace?: Namespace;
}

/** A process that is started again and again in one place. What it said stands beside its data. */
export class Place {
  readonly name: string;
  readonly data: string;
  readonly #start: () => Promise<Program>;
  #program: Program | undefined;
  #up = Promise.withResolvers<void>();

  constructor(name: string, data: string, start: () => Promise<Program>) {
    this.name = name;
    this.data = data;
    this.#start = start;
  }

  get isUp(): boolean {
    return this.#program !== undefined;
  }

  get pid(): number {
    return this.#program?.pid ?? 0;
  }

  /** Resolves once it runs. */
  get up(): Promise<void> {
    return this.#up.promise;
  }

  async start(): Promise<void> {
    this.#program = await this.#start();
    this.#up.resolve();
  }

  /** Resolves with the exit code or signal when it is gone. */
  async end(signal: NodeJS.Signals): Promise<string> {
    const program = this.#program;
    this.#program = undefined;
    this.#up = Promise.withResolvers();
    if (program === undefined) return "was not running";
    const { code, signal: by, stdout, stderr } = await program.kill(signal);
    const told = by ?? `exit ${code}`;
    await appendFile(`${this.data}.log`, `${stdout}${stderr}-- ${told}\n`);
    return told;
  }

  signal(signal: NodeJS.Signals): void {
    this.#program?.child.kill(signal);
  }
}

export interface WorkerPlace {
  readonly place: Place;
  /** One to each coordinator, in their order. */
  readonly links: readonly TcpProxy[];
}

export class Site implements AsyncDisposable {
  readonly coordinators: readonly Place[];
  readonly workers: readonly WorkerPlace[];
  readonly #ports: number[];

  private constructor(coordinators: readonly Place[], workers: readonly WorkerPlace[], ports: number[]) {
    this.coordinators = coordinators;
    this.workers = workers;
    this.#ports = ports;
  }

  static async start(options: SiteOptions): Promise<Site> {
    const ports: number[] = [];
    await mkdir(join(options.folder, "blobs"));
    const coordinators: Place[] = [];
    const workers: WorkerPlace[] = [];
    const site = new Site(coordinators, workers, ports);
    try {
      for (let index = 0; index < options.coordinators; index++) {
        const place = await coordinatorPlace(options, index, ports);
        coordinators.push(place);
        // Whoever is known to one of them is known to all.
        const from = coordinators[0]?.data ?? "";
        if (index > 0)
          for (const name of tokenFiles) await copyFile(join(from, name), join(place.data, name));
        await place.start();
      }
      for (let index = 0; index < options.workers; index++)
        workers.push(await workerPlace(options, index, ports, coordinators));
      await Promise.all(workers.map(({ place }) => place.start()));
      return site;
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A client of one coordinator. */
  async client(index: number): Promise<HaversackClient> {
    const { data } = this.coordinators[index] as Place;
    const token = (await readFile(join(data, "admin.token"), "utf8")).trim();
    return createClient({ url: `http://127.0.0.1:${this.#ports[index]}`, token });
  }

  /** Of our own processes, as far as they run. */
  pids(): number[] {
    return [...this.coordinators, ...this.workers.map(({ place }) => place)].map(({ pid }) => pid);
  }

  /** Ends everything that is left, whatever state it is in. */
  async [Symbol.asyncDispose](): Promise<void> {
    const places = [...this.workers.map(({ place }) => place), ...this.coordinators];
    for (const place of places) {
      place.signal("SIGCONT");
      await place.end("SIGKILL");
    }
    for (const { links } of this.workers) for (const link of links) await link[Symbol.asyncDispose]();
  }
}

async function coordinatorPlace(
  { folder, env, leaseTtlMs }: SiteOptions,
  index: number,
  ports: number[],
): Promise<Place> {
  const name = `coordinator-${index}`;
  const data = join(folder, name);
  await mkdir(data, { mode: 0o700 });
  // Several of them share what lies beside the database.
  await symlink(join(folder, "blobs"), join(data, "blobs"));
  return new Place(name, data, async () => {
    const args = ["coordinator", "--data", data, "--listen", `127.0.0.1:${ports[index] ?? 0}`];
    const agents = join(repositoryRoot, "examples/agents");
    const program = new Program(
      [...args, "--agents", agents, "--model", "rehearsal", "--lease-ttl", `${leaseTtlMs}ms`],
      env,
    );
    const line = await program.line(/listening on/);
    ports[index] = Number(/:(\d+),/.exec(line)?.[1]);
    return program;
  });
}

async function workerPlace(
  options: SiteOptions,
  index: number,
  ports: readonly number[],
  coordinators: readonly Place[],
): Promise<WorkerPlace> {
  const name = `worker-${index}`;
  const namespace = index === options.workers - 1 ? options.namespace : undefined;
  const links = await Promise.all(
    coordinators.map((_, at) => TcpProxy.listen(() => ports[at] ?? 0, namespace?.hostAddress)),
  );
  const entries = links.map(({ port }) => port);
  const dialled = namespace === undefined ? entries : await namespace.forward(entries);
  // The first address is another one for each, so that the load is spread.
  const urls = dialled.map((_, at) => `http://127.0.0.1:${dialled[(at + index) % dialled.length]}`);
  const data = join(options.folder, name);
  const tokenFile = join(coordinators[0]?.data ?? "", "worker.token");
  const place = new Place(name, data, async () => {
    const network = namespace === undefined ? "host" : "own";
    const from = ["worker", "--token-file", tokenFile, "--data", data];
    const args = [...from, "--name", name, "--slots", "3", "--label", `network=${network}`];
    const env = { ...options.env, HAVERSACK_URL: urls.join(",") };
    const program = new Program(args, env, repositoryRoot, namespace?.prefix);
    await program.line(/worker started/);
    return program;
  });
  return { place, links };
}
