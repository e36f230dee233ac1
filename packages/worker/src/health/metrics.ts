/** Figures of a worker for Prometheus, looked up when somebody asks. */

import { collectDefaultMetrics, Gauge, Registry } from "prom-client";

export interface WorkerFigures {
  readonly slots: number;
  readonly running: number;
  /** Attempts whose result or log the coordinator does not have yet, running ones included. */
  readonly held: number;
  readonly spoolBytes: number;
  readonly connected: boolean;
}

/** @returns the text of Prometheus */
export function workerMetrics(look: () => WorkerFigures): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `haversack_worker_${name}`, help, registers: [registry] });
  const slots = gauge("slots", "Steps that may run at once.");
  const running = gauge("running", "Attempts that run or are about to.");
  const held = gauge("held", "Attempts that the coordinator does not have whole.");
  const spool = gauge("spool_bytes", "Bytes of logs in the spool.");
  const connected = gauge("connected", "1: a session with the coordinator is up.");
  return async () => {
    const figures = look();
    slots.set(figures.slots);
    running.set(figures.running);
    held.set(figures.held);
    spool.set(figures.spoolBytes);
    connected.set(figures.connected ? 1 : 0);
    return await registry.metrics();
  };
}
