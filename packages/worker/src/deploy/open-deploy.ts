/**
 * A worker that runs containers, put together. Nothing here waits for the engine: one that does not answer is shown as
 * unavailable, and asked again.
 *
 *   find-engine   which socket                     observer         what stands is told; what nobody wants goes
 *   run-deploy    one deploy, from task to report  deployment-logs  logs for those who read them now
 */

import { realpath } from "node:fs/promises";
import { Background, FaultError, messageOf, type Ports } from "@haversack/base";
import {
  type ContainerEngine,
  type DownwardBeside,
  type ImageStatus,
  takesLabel,
  type Upward,
  type WorkerId,
} from "@haversack/protocol";
import type { DeploySettings } from "../config/deploy-settings.ts";
import { clusterFile } from "./cluster-file.ts";
import { DeploymentLogs, type LogSender } from "./deployment-logs.ts";
import { type EnginePlace, enginePlace } from "./find-engine.ts";
import { type LiveNames, liveNames } from "./live-names.ts";
import { Observer } from "./observer.ts";
import type { DeployParts, Engine } from "./parts.ts";
import { secretFiles } from "./secret-files.ts";

/** The images of the worker, as they are opened beside this. */
export interface ImagesBeside {
  readonly images: Engine["images"];
  engine(): ContainerEngine;
  start(): Promise<void>;
  /** @returns whether it was about images */
  take(message: DownwardBeside): boolean;
  stop(): Promise<void>;
}

export interface OpenDeployParts {
  readonly ports: Ports;
  readonly settings: DeploySettings;
  readonly workerId: WorkerId;
  /** The worker's own. */
  readonly dataDir: string;
  readonly hostEnv: ReadonlyMap<string, string>;
  readonly uplink: { send(message: Upward): void; onUp(listener: () => void): () => void };
  readonly sender: LogSender;
  readonly openRuntime: (place: EnginePlace) => Promise<Engine["runtime"]>;
  readonly openImages: (runtime: Engine["runtime"], kind: ContainerEngine["kind"]) => ImagesBeside;
}

export interface DeployHost {
  readonly parts: DeployParts;
  /** Rejects while it does not answer, at the latest after ten seconds. */
  readonly engine: (signal: AbortSignal) => Promise<Engine>;
  readonly live: LiveNames;
  /** Of the worker, beside its others. */
  readonly labels: Readonly<Record<string, string>>;
  /** For the hello. */
  told(): { readonly engine: ContainerEngine; readonly images: readonly ImageStatus[] };
  /** What the coordinator says that is not about attempts. Never throws. */
  take(message: DownwardBeside): void;
  start(): Promise<void>;
  /** Containers stay as they are. */
  stop(): Promise<void>;
}

const patienceMs = 10_000;

export async function openDeploy(open: OpenDeployParts): Promise<DeployHost> {
  const { ports, settings, workerId, hostEnv, uplink } = open;
  const place = await enginePlace(settings, hostEnv);
  const kind = place.name === "incus" ? "lxd" : place.name;
  const runtime = await open.openRuntime(place);
  const beside = open.openImages(runtime, kind);
  const dataFolder = await realpath(open.dataDir);
  const parts: DeployParts = {
    ports,
    settings,
    workerId,
    dataFolder,
    secretFiles: secretFiles(),
    recipeEnv: recipeEnvironment(hostEnv),
    sockets: [place.socket],
  };
  const engine = async (signal: AbortSignal): Promise<Engine> => ({
    runtime,
    images: beside.images,
    info: await runtime
      .describe(AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]))
      .catch((error: unknown) => {
        throw new FaultError("unavailable", "engine_unavailable", messageOf(error), { cause: error });
      }),
  });
  const live = liveNames();
  const watching = { ...parts, runtime, engine, live, cluster: clusterFile(dataFolder, ports), uplink };
  const observer = new Observer(watching);
  const logs = new DeploymentLogs(watching, open.sender);
  const stopping = new AbortController();
  const loop = new Background(
    "deploy-observer",
    (signal) => observer.run(signal),
    (error) => ports.log.error({ error: messageOf(error) }, "deployments are not looked after any more"),
  );
  return {
    parts,
    engine,
    live,
    labels: { deploy: kind, ...(settings.takes === "all" ? {} : { [takesLabel]: settings.takes }) },
    told: () => ({ engine: beside.engine(), images: beside.images.statuses() }),
    take(message) {
      if (beside.take(message)) return;
      if (message.kind === "removeContainers") void observer.remove(message.containers, stopping.signal);
      if (message.kind === "deploymentLog") logs.order(message.order);
    },
    async start() {
      ports.log.info({ engine: place.name, socket: place.socket }, "this worker runs containers");
      // What changed after the hello was made, and before the session was up, nobody heard.
      uplink.onUp(() => {
        uplink.send({ kind: "engine", engine: beside.engine() });
        const statuses = beside.images.statuses();
        if (statuses.length > 0) uplink.send({ kind: "images", statuses });
      });
      await beside.start();
      await loop.start();
    },
    async stop() {
      stopping.abort();
      logs.endAll();
      await loop.stop("now");
      await beside.stop();
      await runtime.close();
    },
  };
}

/** What the recipe may know of this host: how it gets out, and where mirrors are. */
const passed: readonly (readonly [variable: string, names: readonly string[]])[] = [
  ["http_proxy", ["http_proxy", "HTTP_PROXY"]],
  ["https_proxy", ["https_proxy", "HTTPS_PROXY"]],
  ["no_proxy", ["no_proxy", "NO_PROXY"]],
  ["HAVERSACK_DEBIAN_MIRRORS", ["HAVERSACK_DEBIAN_MIRRORS"]],
  ["HAVERSACK_NPM_REGISTRY", ["HAVERSACK_NPM_REGISTRY"]],
  ["HAVERSACK_RUNTIME_URLS", ["HAVERSACK_RUNTIME_URLS"]],
];

export function recipeEnvironment(hostEnv: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(
    passed.flatMap(([variable, names]) => {
      const value = names.map((name) => hostEnv.get(name)).find((each) => each !== undefined && each !== "");
      return value === undefined ? [] : [[variable, value]];
    }),
  );
}
