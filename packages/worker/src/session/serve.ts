/** A session for as long as the worker lives, and the right to have one. */

import { faultOf } from "@haversack/base";
import { type EnrolmentParts, enrol, enrolAgain, keepCertificate } from "../identity/enrolment.ts";
import type { SessionParts } from "./session.ts";
import { superviseSession } from "./supervisor.ts";

/** Joins first, if the worker has not yet. Rejects when dialling again cannot help. */
export async function serve(
  enrolment: EnrolmentParts,
  session: SessionParts,
  signal: AbortSignal,
): Promise<void> {
  await enrol(enrolment, signal);
  const serving = superviseSession(session, signal).catch(async (error: unknown) => {
    if (faultOf(error) !== "denied" || !(await enrolAgain(enrolment, signal))) throw error;
    await superviseSession(session, signal);
  });
  await Promise.race([serving, keepCertificate(enrolment, signal).then(() => serving)]);
}
