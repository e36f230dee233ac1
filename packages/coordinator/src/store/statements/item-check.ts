/** Of each step with items, what its counters say beside what its items are. */
export const itemsWrong = {
  sqlite: `select 'run ' || run.id || ', step ' || step.step_id || ' counts ' || g.total || ' items, ' || g.open || ' open, ' || g.waiting || ' waiting, ' || g.failed
                    || ' failed, ' || g.cancelled || ' cancelled; there are ' || i.total || ', ' || i.open || ', ' || i.waiting
                    || ', ' || i.failed || ', ' || i.cancelled as fault
           from item_group g join step on step.run = g.run and step.idx = g.idx join run on run.no = g.run
           join (select g.run, g.idx, count(item.idx) as total,
                        count(item.idx) filter (where item.phase not in ('succeeded', 'failed', 'cancelled', 'blocked', 'skipped')) as open,
                        count(item.idx) filter (where item.phase = 'waiting') as waiting,
                        count(item.idx) filter (where item.phase = 'failed') as failed,
                        count(item.idx) filter (where item.phase = 'cancelled') as cancelled
                 from item_group g join step own on own.run = g.run and own.idx = g.idx
                 left join step item on item.run = g.run and item.item is not null
                                    and substr(item.step_id, 1, length(own.step_id) + 1) = own.step_id || '.'
                 group by g.run, g.idx) as i on i.run = g.run and i.idx = g.idx
           where run.forgotten = 0 and (g.total <> i.total or g.open <> i.open or g.waiting <> i.waiting or g.failed <> i.failed
                              or g.cancelled <> i.cancelled) limit 100`,
} as const;
