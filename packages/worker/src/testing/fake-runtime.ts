/**
 * A container engine in memory, for tests of what stands on `Runtime`. It keeps the promises of the interface (the
 * conformance suite runs on it); a test scripts what its containers do, holds calls, lets them fail, and takes it away.
 */

import { abortable, type Clock, systemClock } from "@haversack/base";
import type { PullFrame, Runtime, RuntimeInfo } from "../runtime/runtime.ts";
import { cancelled, engineUnavailable } from "../runtime/runtime-faults.ts";
import { type ContainerScript, containerVerbs } from "./fake-containers.ts";
import type { FakeContainer, FakeEngine, FakeImage, Verb } from "./fake-engine.ts";
import { imageVerbs } from "./fake-images.ts";

export interface FakeRuntimeSettings {
  readonly info?: Partial<RuntimeInfo>;
  readonly clock?: Clock;
  /** What a container does once it is started; absent: it runs until it is stopped. */
  readonly script?: ContainerScript;
}

export interface FakeRuntime extends Runtime {
  /** What was asked, in order, such as `create hv-web-1`. */
  readonly calls: readonly string[];
  /** By id. A test puts in what is there, and takes out what somebody prunes. */
  readonly images: Map<string, FakeImage>;
  /** By id. */
  readonly containers: ReadonlyMap<string, FakeContainer>;
  /** Undefined: it answers. */
  goneBecause: string | undefined;
  /** The next call of this verb rejects with the error, having done nothing. */
  failNext(verb: Verb, error: Error): void;
  /** The next call of this verb stops at its beginning. */
  holdNext(verb: Verb): HeldCall;
  /** A container ends by itself. */
  end(idOrName: string, exitCode: number): void;
  /** It writes something to its output. */
  write(idOrName: string, text: string): void;
}

export interface HeldCall {
  /** The call is there, and waits. */
  readonly reached: Promise<void>;
  /** Of an import (bytes) or a pull (frames). */
  progress(told: number | PullFrame): void;
  go(): void;
  fail(error: Error): void;
}

export function fakeRuntime(settings: FakeRuntimeSettings = {}): FakeRuntime {
  const calls: string[] = [];
  const desk = callDesk();
  const engine: FakeEngine = {
    clock: settings.clock ?? systemClock,
    images: new Map(),
    containers: new Map(),
    watchers: new Set(),
    async enter(verb, about, signal, onProgress) {
      calls.push(about === "" ? verb : `${verb} ${about}`);
      if (signal.aborted) throw cancelled(verb, signal.reason);
      if (fake.goneBecause !== undefined) throw engineUnavailable(fake.goneBecause);
      await desk.pass(verb, signal, onProgress);
      if (fake.goneBecause !== undefined) throw engineUnavailable(fake.goneBecause);
    },
  };
  const fake: FakeRuntime = {
    calls,
    images: engine.images,
    containers: engine.containers,
    goneBecause: undefined,
    failNext: (verb, error) => desk.failNext(verb, error),
    holdNext: (verb) => desk.holdNext(verb),
    describe: async (signal) => {
      await engine.enter("describe", "", signal);
      return { ...plainInfo, ...settings.info };
    },
    ...imageVerbs(engine),
    ...containerVerbs(engine, settings.script ?? (() => ({}))),
    close: async () => {},
  };
  return fake;
}

const plainInfo: RuntimeInfo = {
  kind: "docker",
  version: "0.0.0-fake",
  arch: "x64",
  imageFile: "oci",
  canPull: true,
  pullProgress: "bytes",
  restarts: true,
  exitCodes: true,
  copyOnWrite: true,
  spaceToImport: (size, unpacked) => ({ store: size + unpacked, temporary: 0 }),
};

interface CallDesk {
  failNext(verb: Verb, error: Error): void;
  holdNext(verb: Verb): HeldCall;
  pass(verb: Verb, signal: AbortSignal, onProgress?: (told: number | PullFrame) => void): Promise<void>;
}

interface Hold {
  readonly reached: PromiseWithResolvers<void>;
  readonly passage: PromiseWithResolvers<void>;
  onProgress: ((told: number | PullFrame) => void) | undefined;
}

function callDesk(): CallDesk {
  const failures = new Map<Verb, Error[]>();
  const holds = new Map<Verb, Hold[]>();
  return {
    failNext: (verb, error) => void queueOf(failures, verb).push(error),
    holdNext(verb) {
      const hold: Hold = {
        reached: Promise.withResolvers(),
        passage: Promise.withResolvers(),
        onProgress: undefined,
      };
      hold.passage.promise.catch(() => {});
      queueOf(holds, verb).push(hold);
      return {
        reached: hold.reached.promise,
        progress: (told) => hold.onProgress?.(told),
        go: () => hold.passage.resolve(),
        fail: (error) => hold.passage.reject(error),
      };
    },
    async pass(verb, signal, onProgress) {
      const hold = holds.get(verb)?.shift();
      if (hold !== undefined) {
        hold.onProgress = onProgress;
        hold.reached.resolve();
        await abortable(hold.passage.promise, signal).catch((error: unknown) => {
          throw signal.aborted ? cancelled(verb, error) : error;
        });
      }
      const failure = failures.get(verb)?.shift();
      if (failure !== undefined) throw failure;
    },
  };
}

function queueOf<T>(queues: Map<Verb, T[]>, verb: Verb): T[] {
  const queue = queues.get(verb) ?? [];
  queues.set(verb, queue);
  return queue;
}
