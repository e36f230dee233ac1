/** How queues are read where it matters what their steps deploy, and where that stands. */

/** Of a queue, with the worker on which what its steps deploy stands. */
export const queueColumns = `queue.no, queue.priority, queue.share, queue.selector, queue.limits, queue.pack, queue.deployment, queue.pulls,
                  deployment.worker_id as stands_on, worker.name as stands_on_name`;
export const itsDeployment = `left join deployment on deployment.name = queue.deployment
                left join worker on worker.id = deployment.worker_id`;
