/**
 * Docker and Podman, by the interface that both speak. One body for both: what differs is in `dialect.ts`.
 *
 * - `engine.ts` the connection, faults · `dialect.ts` differences · `view.ts` a container as others read it
 * - `images.ts` `pull.ts` images · `create.ts` `containers.ts` life · `output.ts` `files.ts` `watch.ts` what is in it
 */

import type { Clock } from "@haversack/base";
import type Dockerode from "dockerode";
import type { Runtime, RuntimeInfo } from "../runtime.ts";
import { lifeVerbs } from "./containers.ts";
import { archOf } from "./dialect.ts";
import { type Engine, engineCall, openEngine, readJson } from "./engine.ts";
import { fileVerbs } from "./files.ts";
import { imageVerbs } from "./images.ts";
import { outputVerbs } from "./output.ts";
import { watchVerbs } from "./watch.ts";

export interface DockerSettings {
  /** `unix:///PATH` or `tcp://HOST:PORT` */
  readonly host: string;
  readonly clock: Clock;
  /** Absent: the one of Node. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Asks nothing yet: an engine that is away is found out by the first call. */
export async function openDockerRuntime(settings: DockerSettings): Promise<Runtime> {
  const { host, clock, fetch = globalThis.fetch } = settings;
  const engine = await openEngine(host, { clock, fetch });
  return {
    describe: async (signal) => await describe(engine, signal),
    ...imageVerbs(engine),
    ...lifeVerbs(engine),
    ...outputVerbs(engine),
    ...fileVerbs(engine),
    ...watchVerbs(engine),
    close: async () => {},
  };
}

/** Of the answer, what is read here. */
interface EngineInfo {
  readonly Architecture?: string;
  readonly Driver?: string;
  readonly DockerRootDir?: string;
}

async function describe(engine: Engine, signal: AbortSignal): Promise<RuntimeInfo> {
  const said: Dockerode.DockerVersion = await engine.version(signal);
  const dialect = await engine.dialect(signal);
  const info = await engineCall("asking what it is", signal, () =>
    readJson<EngineInfo>(engine.docker, "/info", signal),
  );
  const storeFolder = info.DockerRootDir;
  return {
    kind: dialect.kind,
    version: said.Version,
    arch: archOf(info.Architecture ?? said.Arch),
    imageFile: "oci",
    canPull: true,
    pullProgress: dialect.pullProgress,
    restarts: true,
    exitCodes: true,
    copyOnWrite: info.Driver !== "vfs",
    ...(storeFolder !== undefined && { storeFolder }),
    ...(dialect.temporaryFolder !== undefined && { temporaryFolder: dialect.temporaryFolder }),
    spaceToImport: dialect.spaceToImport,
  };
}
