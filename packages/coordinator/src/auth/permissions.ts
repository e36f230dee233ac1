/** Which role may do what, and what each method that is served asks for. */

import type { DescField, DescMethod, DescService } from "@bufbuild/protobuf";
import { FaultError } from "@haversack/base";
import {
  type AuditRule,
  fieldPermission,
  methodAudit,
  methodPermission,
  type Permission,
  type Role,
  roles,
} from "@haversack/protocol";

const viewer: readonly Permission[] = ["public", "view", "metrics"];
const operator: readonly Permission[] = [...viewer, "operate"];
const editor: readonly Permission[] = [...operator, "edit"];

const granted: Readonly<Record<Role, readonly Permission[]>> = {
  viewer,
  operator,
  editor,
  admin: [...editor, "administer"],
  // With a token that names no worker, to get a credential that does.
  worker: ["public", "work", "join"],
  join: ["public", "join"],
  metrics: ["public", "metrics"],
};

export const permits = (role: Role, permission: Permission): boolean => granted[role].includes(permission);

/** The role that a person would ask for: the least one that may. */
export function roleFor(permission: Permission): Role {
  const role = roles.find((each) => permits(each, permission));
  if (role === undefined) throw new FaultError("bug", "nobody_may", `no role may ${permission}`);
  return role;
}

/** Methods of services that others defined: their files cannot say. Nothing else stands here. */
const ofOthers: Readonly<Record<string, Permission>> = {
  "grpc.health.v1.Health/Check": "public",
  "grpc.health.v1.Health/List": "public",
  "grpc.health.v1.Health/Watch": "public",
  "grpc.reflection.v1.ServerReflection/ServerReflectionInfo": "view",
};

export interface MethodRule {
  readonly permission: Permission;
  readonly audit: AuditRule;
  /** Fields of the request that ask for more when they are filled. */
  readonly fields: readonly { readonly field: DescField; readonly permission: Permission }[];
}

/** Name of a method as it stands in its path, without the first slash. */
export const methodName = ({ parent, name }: DescMethod): string => `${parent.typeName}/${name}`;

/**
 * What each method of these services asks for, by its name.
 *
 * Throws FaultError `bug` for a method that declares nothing: a coordinator that would have to guess does not start.
 */
export function methodRules(services: readonly DescService[]): ReadonlyMap<string, MethodRule> {
  return new Map(
    services.flatMap(({ methods }) => methods).map((method) => [methodName(method), ruleOf(method)]),
  );
}

function ruleOf(method: DescMethod): MethodRule {
  const permission = methodPermission(method) ?? ofOthers[methodName(method)];
  const fields = method.input.fields.flatMap((field) => {
    const asked = fieldPermission(field);
    return asked === undefined ? [] : [{ field, permission: asked }];
  });
  if (permission !== undefined && (fields.length === 0 || method.methodKind === "unary"))
    return { permission, audit: methodAudit(method, permission), fields };
  const what =
    permission === undefined
      ? "declares no permission: give it `option (permission)` in its .proto file"
      : "is a stream: a permission of a field is checked in unary methods only";
  throw new FaultError("bug", "bad_permission", `${methodName(method)} ${what}`);
}
