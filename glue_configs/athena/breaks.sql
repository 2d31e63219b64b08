-- Where do two layers not agree, and by how much? The newest comparison of every week counts.
WITH newest AS (
    SELECT *, rank() OVER (PARTITION BY week, source, target, measure ORDER BY _run_id DESC) AS age
    FROM gold.reconciliation
)
SELECT
    week, source, target, measure, status,
    came_in, went_out, quarantined, deduplicated, filtered,
    came_in - went_out - quarantined - deduplicated - filtered AS missing,
    detail
FROM newest
WHERE age = 1 AND status <> 'ok'
ORDER BY week DESC, source, target, measure
