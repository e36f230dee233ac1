/** Which model the agents of `haversack start` use, and why: pure. */

export interface ModelChoice {
  /** Of a model in the agent library. */
  readonly id: string;
  /** For people. */
  readonly why: string;
}

/** The model that comes along: scripted answers over the real wire protocol, so that all works without an account. */
export const rehearsalModel = "rehearsal";

/** In this order; the first variable that is set wins. */
const byVariable = [
  { variable: "OPENAI_API_KEY", id: "openai", why: "OPENAI_API_KEY is set" },
  { variable: "ANTHROPIC_API_KEY", id: "anthropic", why: "ANTHROPIC_API_KEY is set" },
  {
    variable: "HAVERSACK_MODEL_URL",
    id: "local",
    why: "HAVERSACK_MODEL_URL names an OpenAI-compatible server",
  },
] as const;

/** @param option undefined: the environment says which */
export function chooseModel(env: NodeJS.ProcessEnv, option?: string): ModelChoice {
  if (option !== undefined) return { id: option, why: "--model says so" };
  const asked = env.HAVERSACK_MODEL ?? "";
  if (asked !== "") return { id: asked, why: "HAVERSACK_MODEL says so" };
  const found = byVariable.find(({ variable }) => (env[variable] ?? "") !== "");
  if (found !== undefined) return { id: found.id, why: found.why };
  const how = byVariable.map(({ variable }) => variable).join(", ");
  return { id: rehearsalModel, why: `scripted answers, no real model; set ${how} for one` };
}
