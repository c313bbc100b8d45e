"""Donors leased whole: which of a market's machines to take so that the request fits and the least is paid.

`scan.best` places one worker, `identical.pack` many of one shape, `batch.pack` many of several shapes. All three read a
`Fleet`, give a `Plan` whose figures `plan.check` has recomputed, and cost about what a few scans of the market cost.
"""
