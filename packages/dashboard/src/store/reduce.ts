/** The one place that changes what the page knows. Pure: what was heard goes in, the next state comes out. */

import type { DeploymentInfo, ImageList, WorkerChanges, WorkerId, WorkerImage } from "@haversack/protocol";
import { announcement } from "./announce.ts";
import { mergeImage } from "./merge-image.ts";
import { type Asked, firstState, imageKey, type Link, type Session, type State } from "./state.ts";

export type Heard =
  | { readonly kind: "session"; readonly session: Session }
  | { readonly kind: "link"; readonly link: Link }
  /** All images that there are. */
  | { readonly kind: "images"; readonly list: ImageList }
  | { readonly kind: "image"; readonly image: WorkerImage }
  | { readonly kind: "workers"; readonly changes: WorkerChanges }
  /** Undefined: it was answered, and went well. */
  | { readonly kind: "asked"; readonly worker: WorkerId; readonly asked: Asked | undefined }
  | { readonly kind: "deployments"; readonly list: readonly DeploymentInfo[] }
  | { readonly kind: "deployments-problem"; readonly problem: string };

export function reduce(state: State, heard: Heard): State {
  switch (heard.kind) {
    case "session":
      // Another reader may see other things.
      return heard.session.kind === "signed-in"
        ? { ...state, session: heard.session }
        : { ...firstState, session: heard.session };
    case "link":
      return { ...state, link: heard.link };
    case "images":
      return withList(state, heard.list);
    case "image":
      return withImage(state, heard.image);
    case "workers":
      return { ...state, workers: withWorkers(state, heard.changes) };
    case "asked":
      return { ...state, asked: changed(state.asked, heard.worker, heard.asked) };
    case "deployments":
      return { ...state, deployments: { list: heard.list } };
    case "deployments-problem":
      return { ...state, deployments: { list: state.deployments?.list ?? [], problem: heard.problem } };
  }
}

function withImage(state: State, heard: WorkerImage): State {
  const key = imageKey(heard);
  const known = state.images.get(key);
  const image = mergeImage(known, heard);
  if (image === known) return state;
  const text = announcement(known, image);
  return {
    ...state,
    images: new Map(state.images).set(key, image),
    said: text === undefined ? state.said : withWord(state.said, text),
  };
}

const wordsMax = 5;

const withWord = (said: State["said"], text: string): State["said"] => [
  ...said.slice(1 - wordsMax),
  { no: (said.at(-1)?.no ?? 0) + 1, text },
];

/** What the list lacks is gone; what it has may be older than what a stream told since. */
function withList(state: State, { images, engines, base }: ImageList): State {
  const merged = images.reduce(withImage, state);
  const listed = new Set(images.map(imageKey));
  const { base: _, ...rest } = merged;
  return {
    ...rest,
    images: new Map([...merged.images].filter(([key]) => listed.has(key))),
    engines: new Map([...engines].map(([id, engine]) => [id as WorkerId, engine])),
    ...(base === undefined ? {} : { base }),
    isComplete: true,
  };
}

function withWorkers({ workers: known }: State, { workers, complete }: WorkerChanges): State["workers"] {
  const told = workers.map((worker) => [worker.id, worker] as const);
  return new Map(complete ? told : [...known, ...told]);
}

function changed<K, V>(map: ReadonlyMap<K, V>, key: K, value: V | undefined): ReadonlyMap<K, V> {
  const next = new Map(map);
  if (value === undefined) next.delete(key);
  else next.set(key, value);
  return next;
}
