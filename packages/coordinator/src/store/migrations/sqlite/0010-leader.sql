-- Of several coordinators on one database, one leads for a while: it starts schedules, gives lost steps to others, forgets old runs.
create table leader (
  one integer primary key check (one = 1),
  holder text not null,                   -- a coordinator, by an id that it has from start to end
  term integer not null,                  -- grows with each holder; what it writes as leader carries it
  lease_until integer not null            -- on the clock that leases of attempts are counted on
) strict;

-- The one folder of artifacts that all coordinators have; it holds the same id in a file.
create table blob_folder (
  one integer primary key check (one = 1),
  id text not null
) strict;
