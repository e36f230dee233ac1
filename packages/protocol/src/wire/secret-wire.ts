/** Secrets, without their values: protobuf ⇄ nouns. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { SecretSchema, type Secret as WireSecret } from "../gen/haversack/v1/secret_service_pb.ts";
import {
  TaskSecretSchema,
  type Task as WireTask,
  type TaskSecret as WireTaskSecret,
} from "../gen/haversack/v1/task_pb.ts";
import type { SecretInfo, SecretSourceName, StepSecret, TaskSecrets } from "../model/secret.ts";
import { badField, required } from "./fields.ts";

export function secretToWire({ name, version, setAt, setBy }: SecretInfo): WireSecret {
  return create(SecretSchema, { name, version, setAt: timestampFromMs(setAt), setBy });
}

export function secretFromWire({ name, version, setAt, setBy }: WireSecret): SecretInfo {
  return { name, version, setAt: timestampMs(required(setAt, "secret.set_at")), setBy };
}

type TaskFields = Pick<WireTask, "secrets" | "attemptToken">;

export function taskSecretsToWire(secrets: TaskSecrets | undefined): TaskFields {
  if (secrets === undefined) return { secrets: [], attemptToken: new Uint8Array() };
  const { variables, ofPack, token } = secrets;
  return {
    secrets: [
      ...variables.map(({ variable, from }) => sourceToWire(variable, from)),
      ...ofPack.map((secret) => sourceToWire("", { secret })),
    ],
    attemptToken: new Uint8Array(token),
  };
}

function sourceToWire(variable: string, from: SecretSourceName): WireTaskSecret {
  const source: MessageInitShape<typeof TaskSecretSchema>["source"] =
    "secret" in from
      ? { case: "secret", value: from.secret }
      : "env" in from
        ? { case: "workerEnv", value: from.env }
        : { case: "workerFile", value: from.file };
  return create(TaskSecretSchema, { variable, source });
}

/** Undefined: the task names none. */
export function taskSecretsFromWire({ secrets, attemptToken }: TaskFields): TaskSecrets | undefined {
  if (secrets.length === 0) return undefined;
  const all = secrets.map((each): StepSecret => ({ variable: each.variable, from: sourceFromWire(each) }));
  return {
    variables: all.filter(({ variable }) => variable !== ""),
    ofPack: all.flatMap(({ variable, from }) => (variable === "" && "secret" in from ? [from.secret] : [])),
    token: new Uint8Array(attemptToken),
  };
}

function sourceFromWire({ source }: WireTaskSecret): SecretSourceName {
  switch (source.case) {
    case "secret":
      return { secret: source.value };
    case "workerEnv":
      return { env: source.value };
    case "workerFile":
      return { file: source.value };
    case undefined:
      throw badField("task.secrets.source", "a source that this version knows");
  }
}
