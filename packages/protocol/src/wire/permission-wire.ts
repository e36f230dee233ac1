/** What the contract declares of each method: who may call it. */

import { type DescField, type DescMethod, getOption } from "@bufbuild/protobuf";
import {
  field_permission,
  permission,
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

/** What a caller of the method must be allowed to do; undefined: the contract does not say. */
export const methodPermission = (method: DescMethod): Permission | undefined =>
  permissionFromWire(getOption(method, permission));

/** What a caller must be allowed to do besides, to fill this field; undefined: nothing. */
export const fieldPermission = (field: DescField): Permission | undefined =>
  permissionFromWire(getOption(field, field_permission));
