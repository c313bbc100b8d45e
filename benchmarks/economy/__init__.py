"""Does cheating pay? Plays against the real contracts, and what they come to over many leases.

`plays` has each move made on the compiled contracts, on the embedded chain, and reads off who has how much before
and after. `attacks` says how often which play comes about, and sums up.
"""
