-- When the next retry is due must not be looked for among all that is ready: a queue may hold a million steps.
create index step_retry_due on step (not_before) where phase = 'ready' and not_before > 0;
