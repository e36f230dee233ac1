/**
 * What a person can do here: sign in and out, ask for images, look at deployments. What becomes of it is told to the store.
 * While somebody is signed in and may be looking, the streams of the server are open; closing the page stops nothing else.
 */

import { FaultError, type Ms, pause } from "@haversack/base";
import type { WorkerId } from "@haversack/protocol";
import type { Store } from "../store/store.ts";
import { isUnauthenticated, type PageClient, problemText } from "./client.ts";
import { follow } from "./follow.ts";
import type { Outside } from "./outside.ts";
import { cleanToken, forgetToken, keepToken, keptToken } from "./token.ts";
import { whileVisible } from "./while-visible.ts";

export interface PageParts {
  readonly outside: Outside;
  readonly store: Store;
  readonly createClient: (baseUrl: string, token: string) => PageClient;
}

export interface Page {
  /** With the token that is kept, if there is one. @param given in place of it */
  start(given: string | undefined): void;
  signIn(token: string): void;
  signOut(problem?: string): void;
  pull(worker: WorkerId): void;
  cancel(worker: WorkerId): void;
  /** Keeps the list of deployments current. @returns the way to stop */
  showDeployments(): () => void;
}

const expired = "The token is not valid any more. Sign in with another one.";
/** The contract has no stream of deployments. */
const deploymentsEveryMs: Ms = 2000;

export function createPage(parts: PageParts): Page {
  const { outside, store, createClient } = parts;
  let signedIn: { readonly client: PageClient; readonly over: AbortController } | undefined;

  const signOut = (problem?: string): void => {
    signedIn?.over.abort();
    signedIn = undefined;
    forgetToken(outside);
    store.tell({
      kind: "session",
      session: { kind: "signed-out", ...(problem === undefined ? {} : { problem }) },
    });
  };
  const signIn = (text: string): void => {
    signedIn?.over.abort();
    const token = cleanToken(text);
    if (token === undefined) return signOut("This is no token. It has no spaces in it.");
    const over = new AbortController();
    const client = createClient(outside.baseUrl, token);
    signedIn = { client, over };
    store.tell({ kind: "session", session: { kind: "checking" } });
    void enter({ ...parts, client, token, signOut }, over.signal);
  };
  const ask = (verb: "pull" | "cancel") => (worker: WorkerId) => {
    if (signedIn !== undefined)
      void askFor({ ...parts, client: signedIn.client, signOut }, verb, worker, signedIn.over.signal);
  };
  return {
    start(given) {
      const token = given ?? keptToken(outside);
      if (token === undefined) store.tell({ kind: "session", session: { kind: "signed-out" } });
      else signIn(token);
    },
    signIn,
    signOut,
    pull: ask("pull"),
    cancel: ask("cancel"),
    showDeployments() {
      const over = new AbortController();
      if (signedIn !== undefined) {
        const signal = AbortSignal.any([over.signal, signedIn.over.signal]);
        void keepDeployments({ ...parts, client: signedIn.client, signOut }, signal);
      }
      return () => over.abort();
    },
  };
}

interface SignedIn extends PageParts {
  readonly client: PageClient;
  readonly signOut: (problem?: string) => void;
}

const patienceMs: Ms = 2000;

/** Never rejects. A coordinator that does not answer says nothing of the token: it is asked again. */
async function enter(parts: SignedIn & { readonly token: string }, signal: AbortSignal): Promise<void> {
  const { outside, store, client, token, signOut } = parts;
  for (;;) {
    try {
      const who = await client.whoAmI(signal);
      if (signal.aborted) return;
      keepToken(outside, token);
      store.tell({ kind: "session", session: { kind: "signed-in", who } });
      break;
    } catch (error) {
      if (signal.aborted) return;
      if (isUnauthenticated(error)) return signOut("The coordinator does not know this token.");
      if (error instanceof FaultError && error.fault === "denied") return signOut(problemText(error));
      store.tell({ kind: "session", session: { kind: "checking", problem: problemText(error) } });
      await pause(outside.clock, patienceMs, signal).catch(() => {});
    }
  }
  await whileVisible(
    outside,
    (inner) => follow({ ...parts, onSignedOut: () => signOut(expired) }, inner),
    signal,
  );
}

/** Never rejects: what the server says to it is told beside the worker. */
async function askFor(parts: SignedIn, verb: "pull" | "cancel", worker: WorkerId, signal: AbortSignal) {
  const { store, client, signOut } = parts;
  store.tell({ kind: "asked", worker, asked: { verb } });
  try {
    const image =
      verb === "pull"
        ? (await client.pullImage(worker, "base", signal)).image
        : await client.cancelImage(worker, "base", signal);
    store.tell({ kind: "image", image });
    store.tell({ kind: "asked", worker, asked: undefined });
  } catch (error) {
    if (signal.aborted) return;
    if (isUnauthenticated(error)) return signOut(expired);
    store.tell({ kind: "asked", worker, asked: { verb, problem: problemText(error) } });
  }
}

/** Never rejects. */
async function keepDeployments({ outside, store, client, signOut }: SignedIn, signal: AbortSignal) {
  while (!signal.aborted) {
    try {
      if (outside.isVisible() || store.state().deployments === undefined) {
        const list = await client.deployments(undefined, signal);
        store.tell({ kind: "deployments", list });
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isUnauthenticated(error)) return signOut(expired);
      store.tell({ kind: "deployments-problem", problem: problemText(error) });
    }
    await pause(outside.clock, deploymentsEveryMs, signal).catch(() => {});
  }
}
