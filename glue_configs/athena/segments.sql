-- In which segments does the final interval leave out the effect on everyone? Many segments: some will by chance.
SELECT
    part.experiment, part.metric, part.contrast, part.method, part.segment,
    part.n_control + part.n_treatment AS units,
    part.relative_estimate, part.relative_lower, part.relative_upper,
    everyone.relative_estimate AS relative_estimate_of_all
FROM gold.experiment_results AS part
INNER JOIN gold.experiment_results AS everyone
    ON everyone.experiment = part.experiment
    AND everyone.as_of = part.as_of
    AND everyone.metric = part.metric
    AND everyone.contrast = part.contrast
    AND everyone.method = part.method
    AND everyone.segment = 'all'
WHERE part.final
    AND part.segment <> 'all'
    AND (everyone.relative_estimate < part.relative_lower OR everyone.relative_estimate > part.relative_upper)
ORDER BY part.experiment, part.metric, part.contrast, part.method, part.segment
