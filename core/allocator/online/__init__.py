"""The market over time: workers arrive and end, donors come and go, and few hosts should stay open.

A host is a donor's machine; it is open while a worker is on it. `Placer` decides where an arriving worker goes by how
long it is expected to live and by how tightly it fits, moves workers within a budget so that hosts can be closed, and
seats the workers of a donor that leaves again. `Lifetimes` predicts from what has ended so far. Nothing here reads a
clock: every call says what time it is, and equal calls give equal answers.

The measure is the excess of host-seconds: those that were open, over what the load needs at every moment,
max_d ceil(load_d / capacity_d) for equal hosts, minus 1.
"""
