/** What human steps ask, and their answers: a row for each step that was asked. */

export const approvalInsert = {
  sqlite: `insert into approval (run, idx, prompt, asked_at) values (?1, ?2, ?3, ?4)`,
} as const;

export const approvalGet = {
  sqlite: `select step.phase, step.due_at, approval.answer, approval.answer_digest, approval.answered_at
           from approval join step on step.run = approval.run and step.idx = approval.idx
           where approval.run = ?1 and approval.idx = ?2`,
} as const;

export const approvalAnswer = {
  sqlite: `update approval set answer = ?3, answer_digest = ?4, answered_at = ?5
           where run = ?1 and idx = ?2 and answer is null`,
} as const;

export const approvalsOfRun = {
  sqlite: `select approval.idx, step.due_at, prompt, asked_at, answer, answered_at
           from approval join step on step.run = approval.run and step.idx = approval.idx where approval.run = ?1`,
} as const;

/** Oldest run first, after a given step. An empty name matches every DAG. */
export const approvalsWaiting = {
  sqlite: `select run.no, run.id, run.dag_name, run.dag_digest, step.idx, step.due_at, approval.prompt, approval.asked_at
           from step
           join run on run.no = step.run
           join approval on approval.run = step.run and approval.idx = step.idx
           where step.phase = 'suspended' and (step.run, step.idx) > (?1, ?2) and (?3 = '' or run.dag_name = ?3)
           order by step.run, step.idx limit ?4`,
} as const;

/** The answer, or the silence, ends the step. */
export const stepAnswered = {
  sqlite: `update step set phase = ?3, ended_at = ?4, failure = ?5, outputs = ?6
           where run = ?1 and idx = ?2 and phase = 'suspended'
           returning continue_on_error, unsatisfied, ancestor_failed, ancestor_cancelled`,
} as const;
