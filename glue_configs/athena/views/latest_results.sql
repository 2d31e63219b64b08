-- The newest look of every experiment, each result with what its method's certificate says.
WITH looks AS (
    SELECT *, rank() OVER (PARTITION BY experiment ORDER BY as_of DESC) AS age
    FROM gold.experiment_results
)
SELECT
    looks.experiment, looks.as_of, looks.final, looks.metric, looks.segment, looks.contrast, looks.method,
    looks.n_control, looks.n_treatment, looks.estimate, looks.lower, looks.upper, looks.p_value, looks.alpha_corrected,
    looks.relative_estimate, looks.relative_lower, looks.relative_upper, looks.mde, looks.decision, looks.srm,
    certificates.verdict, certificates.type_i_error, certificates.coverage, certificates.power, certificates.lift,
    certificates.recommendation
FROM looks
LEFT JOIN gold.certificates AS certificates ON certificates.certificate_id = looks.certificate_id
WHERE looks.age = 1
