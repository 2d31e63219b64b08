"""Results as files for other tools: a table of comparisons in, the bytes of a format out.

`formats.FORMATS` has every format; `results.read` asks gold for an experiment's comparisons;
`Analysis.to_arrow()` gives those of a file in the same words. A format reads the columns that it knows.
"""
