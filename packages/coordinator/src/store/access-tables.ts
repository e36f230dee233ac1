/** The verbs of tokens and of the audit log. */

import { auditAppend, auditCut, auditEnds, auditList, auditRead } from "./verbs/audit-verbs.ts";
import { tokenCreate, tokenRead, tokenRevoke, tokensList, tokenUsed } from "./verbs/token-verbs.ts";

export const accessWrites = { tokenCreate, tokenRevoke, tokenUsed, auditAppend, auditCut } as const;
export const accessReads = { tokenRead, tokensList, auditList, auditRead, auditEnds } as const;
