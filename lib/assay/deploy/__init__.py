"""Puts Assay into an AWS account: a release by content hash, stacks by change sets, in order, and away again.

`order` says which stacks there are, `release` packs what they need, `offline` reads them without AWS for
`checks`, and `applying` and `removing` act.
"""
