-- Which week did every job last end well, and how many weeks is it behind the newest?
WITH ended AS (
    SELECT job, max(week) AS last_week, max(ended_at) AS last_ended_at, count(*) AS runs
    FROM gold.runs
    WHERE state = 'SUCCEEDED'
    GROUP BY job
)
SELECT
    job, last_week, last_ended_at, runs,
    date_diff('day', last_week, max(last_week) OVER ()) / 7 AS weeks_behind
FROM ended
ORDER BY weeks_behind DESC, job
