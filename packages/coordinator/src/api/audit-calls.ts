/**
 * Tells the audit log of every call that changes something, and of every refusal. What changes something is answered
 * after its record was committed; for submissions, which are on disk as runs, the record follows within milliseconds.
 */

import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { Code, type ContextValues, type Interceptor } from "@connectrpc/connect";
import type { Clock, Ports, Service } from "@haversack/base";
import { type AuditRecord, toConnectError } from "@haversack/protocol";
import { AuditLog, type AuditLogParts } from "../auth/audit-log.ts";
import { callerKey, doneElsewhereKey, peerKey } from "../auth/caller.ts";
import { type MethodRule, methodName } from "../auth/permissions.ts";
import { nobody, Refusals } from "../auth/refusals.ts";

export interface AuditParts {
  readonly rules: ReadonlyMap<string, MethodRule>;
  readonly append: AuditLogParts["append"];
  readonly ports: Pick<Ports, "clock" | "log">;
}

export interface Audit {
  readonly calls: Interceptor;
  /** Stopped after what takes calls: writes what is left. */
  readonly log: Service;
}

export function createAudit({ rules, append, ports: { clock, log: ownLog } }: AuditParts): Audit {
  const log = new AuditLog({ append, clock, log: ownLog });
  const refusals = new Refusals((record) => void log.add(record).catch(() => {}), clock);
  const stop = async (): Promise<void> => {
    refusals.flush();
    await log.stop();
  };
  const calls = auditCalls({ rules, log, refusals, clock });
  return { calls, log: { name: log.name, start: () => log.start(), stop } };
}

interface CallParts {
  readonly rules: ReadonlyMap<string, MethodRule>;
  readonly log: AuditLog;
  readonly refusals: Refusals;
  readonly clock: Clock;
}

function auditCalls({ rules, log, refusals, clock }: CallParts): Interceptor {
  return (next) => async (request) => {
    const method = methodName(request.method);
    const audit = rules.get(method)?.audit ?? "none";
    const asked = request.stream ? "" : targetOf(reflect(request.method.input, request.message));
    const record = (outcome: string, target = asked): AuditRecord => {
      const who = whoOf(request.contextValues);
      return { at: clock.now(), ...who, method, target, outcome, times: 1 };
    };
    try {
      const response = await next(request);
      if (audit === "none" || request.contextValues.get(doneElsewhereKey)) return response;
      const target = response.stream
        ? asked
        : withMade(asked, reflect(response.method.output, response.message));
      const written = log.add(record("ok", target));
      if (audit === "before" || log.isBusy) await written;
      else written.catch(() => {});
      return response;
    } catch (error) {
      if (request.contextValues.get(doneElsewhereKey)) throw error;
      const { code } = toConnectError(error);
      const outcome = nameOf(code);
      if (code === Code.Unauthenticated || code === Code.PermissionDenied) refusals.add(record(outcome));
      // The error counts, whatever becomes of its record.
      else if (audit !== "none") await log.add(record(outcome)).catch(() => {});
      throw error;
    }
  };
}

function whoOf(values: ContextValues): Pick<AuditRecord, "caller" | "peer"> {
  const caller = values.get(callerKey);
  const { address: peer } = values.get(peerKey);
  if (caller === undefined) return { caller: nobody, peer };
  const { kind, id, role, name } = caller;
  return { caller: { kind, id, role, name }, peer };
}

/** `permission_denied`, as protocols write it. */
const nameOf = (code: Code): string =>
  (Code[code] ?? "unknown").replaceAll(/(?<!^)[A-Z]/g, "_$&").toLowerCase();

/** Fields that say what a call is about, and never hold what is secret; nothing else of a message is written down. */
const naming = [
  "run_id",
  "step_id",
  "dag_name",
  "worker_id",
  "worker",
  "ref",
  "name",
  "id",
  "scope",
  "index",
];
/** Messages of an answer that are what was made. */
const made = ["run", "token"];
const targetCharactersMax = 300;

function targetOf(message: ReflectMessage): string {
  const names = naming.map((name) => textOf(message, name)).filter((text) => text !== "");
  return names.join("/").slice(0, targetCharactersMax);
}

/** What was asked about, and what came of it, unless it is the same. */
function withMade(asked: string, answer: ReflectMessage): string {
  for (const field of answer.fields) {
    if (field.fieldKind !== "message" || !made.includes(field.name) || !answer.isSet(field)) continue;
    const id = textOf(answer.get(field), "id");
    if (!asked.includes(id)) return `${asked} ${id}`.trim();
  }
  return asked;
}

function textOf(message: ReflectMessage, name: string): string {
  const field = message.fields.find((each) => each.name === name);
  return field?.fieldKind === "scalar" && message.isSet(field) ? String(message.get(field)) : "";
}
