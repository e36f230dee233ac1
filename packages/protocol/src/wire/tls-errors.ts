/** What went wrong with TLS, in words that say what to do. */

const words: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: "stranger",
  DEPTH_ZERO_SELF_SIGNED_CERT: "stranger",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "stranger",
  UNABLE_TO_GET_ISSUER_CERT: "stranger",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "stranger",
  ERR_TLS_CERT_ALTNAME_INVALID: "name",
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "early",
  ERR_SSL_WRONG_VERSION_NUMBER: "plain",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "plain",
  EPROTO: "plain",
};

const advice: Readonly<Record<string, string>> = {
  stranger:
    "the coordinator's certificate is of an authority that this machine does not know: copy ca/ca.crt from the coordinator's data folder and name it with --ca FILE or HAVERSACK_CA_FILE",
  name: "the coordinator's certificate is for other names than the one in the address: use one of its names, or start the coordinator with --tls-name for this one",
  expired: "the coordinator's certificate has expired: renew it there, or set this machine's clock",
  early: "the coordinator's certificate is not valid yet: look at the clocks of both machines",
  plain: "what answers at this address does not speak TLS: use http://, or start the coordinator with --tls",
};

/** Undefined: it was something else. */
export function tlsAdvice(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = "code" in at && typeof at.code === "string" ? at.code : "";
    const found = advice[words[code] ?? ""];
    if (found !== undefined) return found;
  }
  return undefined;
}
