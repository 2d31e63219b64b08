"""Which error rates does a method have on these very data, and what should be used where it falls short?

`plant` adds effects to random splits of the units, `rates` counts a method's errors, `measure` does so for
many methods on the same splits.
"""
