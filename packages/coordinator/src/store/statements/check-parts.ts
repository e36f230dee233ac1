/** What the statements that find faults have in common. */

export const live = `('leased', 'running')`;
export const ended = `('succeeded', 'failed', 'cancelled', 'blocked', 'skipped')`;
export const most = `limit 100`;

/** What is being forgotten is deleted piece by piece. */
export const kept = `run.forgotten = 0`;

/** The beginning of a fault. */
export const aStep = `'run ' || run.id || ', step ' || step.step_id`;

/** No worker holds it: its items are what runs. */
export const withItems = `exists (select 1 from item_group where item_group.run = step.run and item_group.idx = step.idx)`;
