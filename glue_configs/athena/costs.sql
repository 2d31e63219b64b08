-- What did every week cost, where did the time go, and what was set aside?
SELECT
    week,
    job,
    count(*) AS runs,
    count_if(state = 'FAILED') AS failed,
    sum(seconds) / 60 AS minutes,
    sum(dpu_seconds) / 3600 AS dpu_hours,
    sum(dollars) AS dollars,
    sum(rows_in) AS rows_in,
    sum(rows_out) AS rows_out,
    sum(rows_quarantined) AS rows_quarantined
FROM gold.runs
GROUP BY week, job
ORDER BY week DESC, dollars DESC, job
