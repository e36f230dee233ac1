/** Join tokens as the enrollment service tells of them: protobuf to nouns. */

import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { JoinToken as WireToken } from "../gen/haversack/v1/enrollment_service_pb.ts";
import type { JoinTokenInfo } from "../model/join-token-info.ts";
import { required } from "./fields.ts";

export const joinTokenFromWire = ({
  id,
  pool,
  labels,
  usesLeft,
  createdBy,
  createdAt,
  expiresAt,
}: WireToken): JoinTokenInfo => ({
  id,
  ...(pool === "" ? {} : { pool }),
  labels,
  usesLeft,
  createdBy,
  createdAt: timestampMs(required(createdAt, "created_at")),
  expiresAt: timestampMs(required(expiresAt, "expires_at")),
});
