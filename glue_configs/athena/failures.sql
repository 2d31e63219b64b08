-- Which jobs did not end well, and what did they say?
SELECT run_id, job, week, state, started_at, ended_at, error
FROM gold.runs
WHERE state = 'FAILED'
    -- The newest run is still at work: the job that writes this table belongs to it.
    OR (state <> 'SUCCEEDED' AND run_id <> (SELECT max_by(run_id, started_at) FROM gold.runs))
ORDER BY started_at DESC, job
