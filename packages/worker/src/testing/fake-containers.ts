/** The containers of the container engine in memory. */

import { abortable, FaultError, present, Wakeup } from "@haversack/base";
import type {
  ContainerFile,
  ContainerSpec,
  ContainerView,
  ExecEnd,
  ExecSpec,
  LogOptions,
  PortSpec,
} from "../runtime/container.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { imageCorrupt, nameTaken, noContainer, noImage, portTaken } from "../runtime/runtime-faults.ts";
import type { FakeContainer, FakeEngine } from "./fake-engine.ts";
import { find } from "./fake-images.ts";

/** Asked at each start. */
export type ContainerScript = (spec: ContainerSpec) => ContainerBehaviour;

export interface ContainerBehaviour {
  /** Written when it starts. */
  readonly output?: string;
  /** With which it ends at once; absent: it runs until it is stopped. */
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
  /** Where its ports are reached; absent: 127.0.0.1. */
  readonly address?: string;
  /** Absent: every command succeeds and says nothing. */
  readonly exec?: (command: ExecSpec, container: FakeContainer) => Promise<FakeExec> | FakeExec;
}

export interface FakeExec {
  readonly exitCode: number;
  readonly output?: string;
}

interface Live extends FakeContainer {
  readonly files: Map<string, ContainerFile>;
  readonly written: Uint8Array[];
  readonly changed: Set<Wakeup>;
  view: ContainerView;
  behaviour: ContainerBehaviour;
  starts: number;
}

type ContainerVerbs = Omit<
  Runtime,
  "describe" | "inspectImage" | "importImage" | "pullImage" | "removeImage" | "listImages" | "close"
> & {
  end(idOrName: string, exitCode: number): void;
  write(idOrName: string, text: string): void;
};

export function containerVerbs(engine: FakeEngine, script: ContainerScript): ContainerVerbs {
  const yard = openYard(engine);
  return {
    end: (idOrName, exitCode) => yard.end(yard.named(idOrName), exitCode),
    write: (idOrName, text) => yard.write(yard.named(idOrName), text),
    ...birthVerbs(engine, yard, script),
    ...endVerbs(engine, yard),
    ...lookVerbs(engine, yard),
  };
}

/** The containers, and what happens to one. */
interface Yard {
  readonly all: Map<string, Live>;
  find(idOrName: string): Live | undefined;
  /** Throws `missing`. */
  named(idOrName: string): Live;
  change(container: Live, view: Partial<ContainerView>): void;
  end(container: Live, exitCode: number, oomKilled?: boolean): void;
  write(container: Live, text: string): void;
  tell(): void;
}

function openYard(engine: FakeEngine): Yard {
  const all = engine.containers as Map<string, Live>;
  const yard: Yard = {
    all,
    find: (idOrName) => all.get(idOrName) ?? [...all.values()].find(({ view }) => view.name === idOrName),
    named(idOrName) {
      const found = yard.find(idOrName);
      if (found === undefined) throw noContainer(idOrName);
      return found;
    },
    change(container, view) {
      container.view = { ...container.view, ...view };
      for (const wakeup of container.changed) wakeup.ring();
      yard.tell();
    },
    end(container, exitCode, oomKilled = false) {
      if (container.view.state !== "running") return;
      yard.change(container, { state: "exited", exitCode, oomKilled, finishedAt: engine.clock.now() });
    },
    write(container, text) {
      container.written.push(new TextEncoder().encode(text));
      for (const wakeup of container.changed) wakeup.ring();
    },
    tell() {
      for (const watcher of engine.watchers) watcher();
    },
  };
  return yard;
}

function birthVerbs(
  engine: FakeEngine,
  yard: Yard,
  script: ContainerScript,
): Pick<Runtime, "create" | "start"> {
  let made = 0;
  return {
    async create(spec, signal) {
      await engine.enter("create", spec.name, signal);
      refuseWrong(engine, spec, yard.find(spec.name));
      made += 1;
      const id = `fake-${made}`;
      yard.all.set(id, freshContainer(id, spec));
      yard.tell();
      return { id };
    },
    async start(id, signal) {
      await engine.enter("start", id, signal);
      const container = yard.named(id);
      if (container.view.state === "running") return;
      const ports = takePorts(container, [...yard.all.values()]);
      const behaviour = script(container.spec);
      container.behaviour = behaviour;
      container.starts += 1;
      const { exitCode: _, finishedAt: __, oomKilled: ___, ...view } = container.view;
      container.view = view;
      const address = behaviour.address ?? "127.0.0.1";
      yard.change(container, { state: "running", startedAt: engine.clock.now(), address, ports });
      if (behaviour.output !== undefined) yard.write(container, behaviour.output);
      if (behaviour.exitCode !== undefined) yard.end(container, behaviour.exitCode, behaviour.oomKilled);
    },
  };
}

function endVerbs(engine: FakeEngine, yard: Yard): Pick<Runtime, "stop" | "kill" | "remove"> {
  return {
    async stop(id, _graceMs, signal) {
      await engine.enter("stop", id, signal);
      yard.end(yard.named(id), 143);
    },
    async kill(id, signal) {
      await engine.enter("kill", id, signal);
      yard.end(yard.named(id), 137);
    },
    async remove(id, signal) {
      await engine.enter("remove", id, signal);
      const container = yard.find(id);
      if (container === undefined) return;
      yard.end(container, 137);
      yard.all.delete(container.id);
      yard.tell();
    },
  };
}

function lookVerbs(
  engine: FakeEngine,
  yard: Yard,
): Pick<Runtime, "inspect" | "list" | "logs" | "exec" | "putFiles" | "watch"> {
  return {
    async inspect(idOrName, signal) {
      await engine.enter("inspect", idOrName, signal);
      return yard.find(idOrName)?.view;
    },
    async list(cluster, signal) {
      await engine.enter("list", cluster, signal);
      const views = [...yard.all.values()].map(({ view }) => view);
      return views.filter(({ labels }) => labels.get("haversack.cluster") === cluster);
    },
    logs: (id, options, signal) => logsOf(() => yard.named(id), options, signal),
    async exec(id, command, signal) {
      await engine.enter("exec", `${id} ${command.argv.join(" ")}`, signal);
      return await execIn(yard.named(id), command, signal);
    },
    async putFiles(id, files, signal) {
      await engine.enter("putFiles", id, signal);
      const container = yard.named(id);
      for (const file of files) container.files.set(file.path, file);
    },
    async watch(onChange, signal) {
      engine.watchers.add(onChange);
      const stopped = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => stopped.resolve(), { once: true });
      if (!signal.aborted) await stopped.promise;
      engine.watchers.delete(onChange);
    },
  };
}

function refuseWrong(engine: FakeEngine, spec: ContainerSpec, other: Live | undefined): void {
  const image = find(engine.images, { id: spec.image });
  if (image === undefined) throw noImage(spec.image);
  if (image.arch !== spec.arch) throw imageCorrupt("wrong_platform", `its architecture is ${image.arch}`);
  if (other !== undefined) throw nameTaken(spec.name);
}

function freshContainer(id: string, spec: ContainerSpec): Live {
  const view: ContainerView = {
    id,
    name: spec.name,
    image: spec.image,
    labels: new Map(spec.labels),
    state: "created",
    ports: spec.ports,
    mounts: spec.mounts,
    readOnlyRoot: spec.readOnlyRoot,
    privileged: false,
    capabilities: spec.capabilities,
    ...(spec.user !== undefined && { user: spec.user }),
    hostNamespaces: [],
    devices: [],
    limits: spec.limits,
    restart: spec.restart,
  };
  return { id, spec, files: new Map(), written: [], changed: new Set(), view, behaviour: {}, starts: 0 };
}

/** Those asked for as 0 get numbers that no other one has. */
function takePorts({ spec }: Live, all: readonly Live[]): readonly PortSpec[] {
  const running = all.filter(({ view }) => view.state === "running");
  const taken = new Set(running.flatMap(({ view }) => view.ports.map(({ hostPort }) => hostPort)));
  let free = 40_000;
  return spec.ports.map((port) => {
    if (port.hostPort !== 0 && taken.has(port.hostPort)) throw portTaken(`${port.address}:${port.hostPort}`);
    if (port.hostPort !== 0) return port;
    while (taken.has(free)) free += 1;
    taken.add(free);
    return { ...port, hostPort: free };
  });
}

function notRunning({ view }: Live): FaultError {
  return new FaultError("conflict", "not_running", `container ${view.name} does not run`);
}

async function execIn(container: Live, command: ExecSpec, signal: AbortSignal): Promise<ExecEnd> {
  if (container.view.state !== "running") throw notRunning(container);
  const answer = container.behaviour.exec?.(command, container) ?? { exitCode: 0 };
  const { exitCode, output = "" } = await abortable(Promise.resolve(answer), signal);
  const bytes = new TextEncoder().encode(output);
  if (bytes.length > 0) command.onOutput?.(bytes);
  return { exitCode, output: bytes.subarray(Math.max(0, bytes.length - command.outputMax)) };
}

async function* logsOf(
  named: () => Live,
  { tail, follow }: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const container = named();
  const wakeup = new Wakeup();
  container.changed.add(wakeup);
  try {
    let next = tail === undefined ? 0 : Math.max(0, container.written.length - tail);
    while (true) {
      for (; next < container.written.length; next += 1) yield present(container.written[next], "a chunk");
      if (!follow || container.view.state === "exited") return;
      await wakeup.next(signal);
    }
  } finally {
    container.changed.delete(wakeup);
  }
}
