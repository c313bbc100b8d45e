"""Measures the allocator on published instances, beside greedy rules, a scheduler's scores and general solvers."""
