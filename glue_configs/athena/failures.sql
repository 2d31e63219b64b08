-- Which jobs did not end well, and what did they say?
SELECT run_id, job, week, state, started_at, ended_at, error
FROM gold.runs
WHERE state <> 'SUCCEEDED'
ORDER BY started_at DESC, job
