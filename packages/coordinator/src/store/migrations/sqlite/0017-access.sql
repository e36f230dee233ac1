-- Tokens of people and programs: only what proves them, never themselves.
create table api_token (
  no integer primary key,
  id text not null unique,                -- stands in the token
  name text not null,                     -- what people call whoever has it; several may have the same
  role text not null check (role in ('viewer', 'operator', 'editor', 'admin', 'worker', 'metrics')),
  hash text not null,                     -- SHA-256 of the whole token, hex
  created_at integer not null,
  created_by text not null,               -- name of the caller
  expires_at integer not null,
  last_used_at integer,                   -- about when; null: never
  revoked_at integer
) strict;

-- Who did what: only added to. Each row carries the hash of the one before it.
create table audit (
  no integer primary key,                 -- from 1, without a gap
  at integer not null,
  caller_kind text not null,              -- empty: nobody was known
  caller_id text not null,
  caller_role text not null,
  caller_name text not null,
  method text not null,                   -- such as haversack.v1.RunService/Cancel
  target text not null,                   -- what it was about, such as the id of a run
  peer text not null,                     -- address
  outcome text not null,                  -- ok, or the code of the error
  times integer not null,                 -- how many calls alike this row stands for
  hash_before text not null,              -- of the row before; empty in the first
  hash text not null                      -- SHA-256 of all of the above
) strict;
create index audit_by_time on audit (at);

-- Where the log ends; and where it was cut off, so that what is left can still be proven.
create table audit_head (
  one integer primary key check (one = 1),
  no integer not null,
  hash text not null,
  cut_no integer not null,                -- the last row that was removed; 0: none
  cut_hash text not null
) strict;

create trigger audit_is_not_changed before update on audit
begin
  select raise(abort, 'the audit log is only added to');
end;

create trigger audit_is_cut_from_its_beginning before delete on audit
when old.no > coalesce((select cut_no from audit_head), 0)
begin
  select raise(abort, 'the audit log is only added to');
end;
