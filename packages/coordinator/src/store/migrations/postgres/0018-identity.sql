-- Who a worker is, proven by what it holds. Secrets and keys are here as SHA-256 only, hexadecimal.
create table worker_identity (
  worker_id text collate "C" primary key,
  joined_by text not null,                -- the id of its join token; '': with the token of a coordinator's data folder or of a person
  pool text,                              -- from the join token; null: none
  labels text not null,                   -- JSON object, from the join token: what the worker says of these names does not count
  credential_hash text collate "C" unique,            -- null: it has a certificate
  key_hash text collate "C" unique,                   -- of the public key of its certificate; null: it has a credential
  old_key_hash text collate "C" unique,               -- of the key that the last renewal replaced
  certificate_expires_at bigint,
  joined_at bigint not null,
  renewed_at bigint,
  revoked_at bigint                      -- not null: everything it asks for is refused, for ever
);
create index worker_identity_revoked on worker_identity (worker_id) where revoked_at is not null;

create table join_token (
  id text collate "C" primary key,
  secret_hash text collate "C" not null,
  pool text,
  labels text not null,                   -- JSON object
  uses_left integer not null check (uses_left >= 0),
  created_by text not null,               -- for people
  created_at bigint not null,
  expires_at bigint not null
);

-- The certificate authority whose names count here.
create table cluster_ca (
  one integer primary key check (one = 1),
  pin text not null                       -- of its public key
);
