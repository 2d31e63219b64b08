"""The report of an experiment: everything that gold knows of it, on a page that stands alone.

`reading.read` asks gold, `content.report` says it in blocks, and each of `formats.FORMATS` writes the same
blocks: HTML, Markdown, PDF. There is no clock in it: the same states of the tables give the same bytes.
"""
