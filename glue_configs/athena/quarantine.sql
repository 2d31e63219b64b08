-- What was set aside, by table and reason? A row with two reasons counts in both.
SELECT
    quarantine.contract,
    broken.reason,
    count(*) AS "rows",
    count(DISTINCT quarantine._run_id) AS runs,
    min(quarantine.quarantine_id) AS example
FROM silver.quarantine AS quarantine
CROSS JOIN UNNEST(quarantine.reasons) AS broken(reason)
GROUP BY quarantine.contract, broken.reason
ORDER BY "rows" DESC, quarantine.contract, broken.reason
