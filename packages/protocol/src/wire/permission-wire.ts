/** What the contract declares of each method: who may call it. */

import { type DescField, type DescMethod, getOption } from "@bufbuild/protobuf";
import {
  audit,
  field_permission,
  permission,
  Audit as WireAudit,
  Permission as WirePermission,
} from "../gen/haversack/v1/permission_pb.ts";
import type { Permission } from "../model/access.ts";
import { inverted } from "./enums.ts";

const permissionToWire = {
  public: WirePermission.PUBLIC,
  view: WirePermission.VIEW,
  operate: WirePermission.OPERATE,
  edit: WirePermission.EDIT,
  administer: WirePermission.ADMINISTER,
  work: WirePermission.WORK,
  join: WirePermission.JOIN,
  metrics: WirePermission.METRICS,
} as const satisfies Record<Permission, WirePermission>;

const permissionFromWire = inverted<Permission>(permissionToWire);

/** Whether a call is told to the audit log, and whether its answer waits for that. Refusals are told of every method. */
export type AuditRule = "none" | "behind" | "before";

const unsaid: Readonly<Record<Permission, AuditRule>> = {
  public: "none",
  view: "none",
  operate: "before",
  edit: "before",
  administer: "before",
  work: "none",
  join: "before",
  metrics: "none",
};

const auditFromWire: Readonly<Record<WireAudit, AuditRule | undefined>> = {
  [WireAudit.UNSPECIFIED]: undefined,
  [WireAudit.NONE]: "none",
  [WireAudit.BEHIND]: "behind",
  [WireAudit.BEFORE]: "before",
};

export function methodAudit(method: DescMethod, asked: Permission): AuditRule {
  const declared = getOption(method, audit);
  return (declared === undefined ? undefined : auditFromWire[declared]) ?? unsaid[asked];
}

/** What a caller of the method must be allowed to do; undefined: the contract does not say. */
export const methodPermission = (method: DescMethod): Permission | undefined =>
  permissionFromWire(getOption(method, permission));

/** What a caller must be allowed to do besides, to fill this field; undefined: nothing. */
export const fieldPermission = (field: DescField): Permission | undefined =>
  permissionFromWire(getOption(field, field_permission));
