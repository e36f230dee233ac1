/** Who leads, and which folder of artifacts is shared. Each is one row. */

/** Nothing is answered when somebody else leads still. */
export const leaderTake = {
  sqlite: `insert into leader (one, holder, term, lease_until) values (1, ?1, 1, ?3)
           on conflict (one) do update set
             term = leader.term + case when leader.holder = ?1 then 0 else 1 end, holder = ?1, lease_until = ?3
           where leader.holder = ?1 or leader.lease_until <= ?2
           returning term`,
} as const;

/** The term stays: the next one must be higher. */
export const leaderYield = {
  sqlite: `update leader set lease_until = 0 where holder = ?1`,
} as const;

export const leaderTerm = { sqlite: `select term from leader` } as const;

export const blobFolderName = {
  sqlite: `insert into blob_folder (one, id) values (1, ?1) on conflict (one) do nothing`,
} as const;

export const blobFolderGet = { sqlite: `select id from blob_folder` } as const;
