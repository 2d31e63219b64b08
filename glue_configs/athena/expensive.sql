-- Which twenty runs cost most, and which job of each made the bill?
SELECT
    run_id,
    max(week) AS week,
    sum(dollars) AS dollars,
    sum(dpu_seconds) / 3600 AS dpu_hours,
    sum(seconds) / 60 AS minutes,
    max_by(job, dollars) AS costliest_job,
    max(dollars) AS costliest_dollars,
    count_if(state = 'FAILED') AS failed_jobs
FROM gold.runs
GROUP BY run_id
ORDER BY dollars DESC, run_id
LIMIT 20
