/**
 * How far a pull is, from the frames of an engine and the layers that the registry's manifest names. Pure. What is shown
 * never shrinks, and is never more than 99 %: whether the image is there, only an inspect says.
 *
 * Engines name a layer by the first 12 digits of its compressed digest; whatever else has a name (a tag, the configuration)
 * is no layer. A layer that is never mentioned is not known to be missing.
 */

import type { ImageProgress } from "@haversack/protocol";
import { type ByteRate, noRate, speedAt, withBytes } from "./byte-rate.ts";
import type { LayerSize, PullFrame } from "./runtime.ts";

interface Layer {
  /** Bytes; undefined: no manifest says it. */
  readonly size: number | undefined;
  /** Bytes, a high-water mark. */
  readonly done: number;
  readonly state: "open" | "complete" | "cached";
}

export interface PullProgress {
  /** Whether `layers` are those of the manifest; if not, they are what frames look as if they were of. */
  readonly known: boolean;
  readonly layers: ReadonlyMap<string, Layer>;
  /** Until the engine tells a number of bytes, an engine that counts in layers is shown so. */
  readonly unit: "none" | "bytes" | "layers";
  /** Bytes of the layers that were not held when the first byte came. */
  readonly total: number | undefined;
  readonly rate: ByteRate;
}

const nameLength = 12;
const complete = new Set(["Verifying Checksum", "Download complete", "Extracting", "Pull complete"]);

/** @param layers absent: the manifest is not known, so neither is the total. */
export function pullBegins(
  layers: readonly LayerSize[] | undefined,
  tells: PullProgress["unit"],
): PullProgress {
  const named = (layers ?? []).map(({ digest, size }): [string, Layer] => [
    layerName(digest),
    { size, done: 0, state: "open" },
  ]);
  return {
    known: layers !== undefined,
    layers: new Map(named),
    unit: tells,
    total: undefined,
    rate: noRate,
  };
}

/** @param at of a clock that only grows, in milliseconds. */
export function withFrame(progress: PullProgress, frame: PullFrame, at: number): PullProgress {
  const name = frame.layer === undefined ? undefined : layerName(frame.layer);
  if (name === undefined) return progress;
  const before = progress.layers.get(name) ?? (progress.known ? undefined : strange(name));
  if (before === undefined) return progress;
  const after = layerAfter(before, frame);
  const layers = new Map(progress.layers).set(name, after);
  const received = after.state === "cached" ? 0 : after.done - before.done;
  const first = progress.total === undefined && received > 0;
  const tellsBytes = progress.unit === "layers" && progress.known && frame.current !== undefined;
  return {
    ...progress,
    layers,
    unit: tellsBytes ? "bytes" : progress.unit,
    total: first && progress.known ? bytesNotHeld(layers) : progress.total,
    rate: received > 0 ? withBytes(progress.rate, at, received) : progress.rate,
  };
}

export function shownAt(progress: PullProgress, at: number): ImageProgress {
  const { unit, known, total } = progress;
  const done = doneOf(progress);
  if (unit === "none") return { unit };
  if (unit === "layers") return { unit, done, ...(known && { total: progress.layers.size }) };
  if (total === undefined) return { unit, done, ...speedAt(progress.rate, at, undefined) };
  const percent = total === 0 ? 99 : Math.min(99, Math.floor((100 * done) / total));
  return { unit, done, total, percent, ...speedAt(progress.rate, at, total - done) };
}

function layerName(digest: string): string {
  return digest.replace(/^sha256:/, "").slice(0, nameLength);
}

function strange(name: string): Layer | undefined {
  return /^[0-9a-f]{12}$/.test(name) ? { size: undefined, done: 0, state: "open" } : undefined;
}

function layerAfter(layer: Layer, { status, current, total }: PullFrame): Layer {
  if (layer.state !== "open") return layer;
  if (status === "Already exists") return { ...layer, state: "cached", done: layer.size ?? layer.done };
  if (complete.has(status)) return { ...layer, state: "complete", done: layer.size ?? layer.done };
  if (status !== "Downloading" || current === undefined) return layer;
  // After a retry both numbers count only what was left.
  const kept = layer.size === undefined || total === undefined ? 0 : Math.max(0, layer.size - total);
  const bytes = Math.min(kept + current, layer.size ?? Number.POSITIVE_INFINITY);
  return { ...layer, done: Math.max(layer.done, bytes) };
}

function bytesNotHeld(layers: ReadonlyMap<string, Layer>): number {
  const open = [...layers.values()].filter(({ state }) => state !== "cached");
  return open.reduce((sum, { size = 0 }) => sum + size, 0);
}

function doneOf({ layers, unit, total }: PullProgress): number {
  const all = [...layers.values()];
  if (unit === "layers") return all.filter(({ state }) => state !== "open").length;
  if (total === undefined) {
    return all.filter(({ state }) => state !== "cached").reduce((sum, { done }) => sum + done, 0);
  }
  // A layer that turns out to be held after the first byte is in the total: it makes the figure jump forward.
  const outside = all.reduce((sum, { size = 0 }) => sum + size, 0) - total;
  const done = all.reduce((sum, layer) => sum + layer.done, 0);
  return Math.max(0, Math.min(total, done - outside));
}
