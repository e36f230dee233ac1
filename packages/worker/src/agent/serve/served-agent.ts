/** The agent of a container: its snapshot, checked once at the start, and turn loops that begin anew from it. */

import { messageOf } from "@haversack/base";
import { hydrate } from "../hydrate.ts";
import { makeModels } from "../models.ts";
import { type AgentEnd, runAgent } from "../run-agent.ts";
import { SecretValues } from "../secrets.ts";
import { type ContainerSecrets, containerSecrets } from "./container-secrets.ts";
import { readPack } from "./read-pack.ts";
import { rehearsalModels } from "./rehearsal-model.ts";
import type { ServeSettings } from "./settings.ts";
import {
  assignmentOf,
  makeWorkFolder,
  type ServeOutside,
  type TurnParts,
  type TurnRequest,
  withFolder,
} from "./turn-assignment.ts";

export interface TurnAnswer {
  /** What the model said, in all its turns; masked. */
  readonly text: string;
  readonly isCut: boolean;
  readonly end: AgentEnd;
}

export interface ServedAgent {
  /** `sha256:…` of the snapshot. */
  readonly digest: string;
  /** Ids of the models that can be asked, in order. */
  readonly models: readonly string[];
  /** Never rejects. */
  turn(request: TurnRequest, signal: AbortSignal): Promise<TurnAnswer>;
}

const textCharactersMax = 1024 * 1024;

/**
 * Undefined: there is no snapshot. Throws the snapshot's errors, `model_unavailable`, and what else an agent step
 * would be refused for: a server that cannot do a single turn does not start.
 */
export async function openAgent(
  settings: ServeSettings,
  outside: ServeOutside,
): Promise<ServedAgent | undefined> {
  const pack = await readPack(settings);
  if (pack === undefined) return undefined;
  const secrets = containerSecrets(settings.secretsFolder, outside.env);
  await makeWorkFolder(settings);
  const models = settings.isRehearsal ? rehearsalModels : makeModels;
  const tried = await withFolder(settings, async (folder) => {
    const agent = await hydrate(assignmentOf({ prompt: "" }, { settings, outside, pack, folder }));
    return models(agent.models, new SecretValues(agent.secrets, await secrets.ask(agent.secrets)));
  });
  for (const line of tried.passedOver) outside.note(`model passed over: ${line}`);
  return {
    digest: pack.name,
    models: tried.models.map(({ id }) => id),
    turn: (request, signal) => turn(request, { settings, outside, pack, secrets, models }, signal),
  };
}

async function turn(
  request: TurnRequest,
  parts: TurnParts & { readonly secrets: ContainerSecrets; readonly models: typeof makeModels },
  signal: AbortSignal,
): Promise<TurnAnswer> {
  const { settings, outside, secrets, models } = parts;
  let text = "";
  const say = async (piece: string) => {
    text += piece.slice(0, Math.max(0, textCharactersMax + 1 - text.length));
  };
  const masked = await secrets.all();
  const end = await withFolder(settings, (folder) =>
    runAgent(
      assignmentOf(request, { ...parts, folder }),
      {
        ports: outside.ports,
        note: outside.note,
        say,
        askSecrets: secrets.ask,
        masked,
        models,
        isMemoryReadOnly: true,
      },
      signal,
    ),
  ).catch(
    (error: unknown): AgentEnd => ({
      kind: "failed",
      failure: { code: "internal", message: messageOf(error) },
    }),
  );
  return { text: text.slice(0, textCharactersMax), isCut: text.length > textCharactersMax, end };
}
