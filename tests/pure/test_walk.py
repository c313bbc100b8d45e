"""The random walk of faults in the laboratory's chaos is fixed by its seed."""

from tests.lab.walk import walk

STRIKES = [("link_cut", "ada"), ("relay_down", "relay1"), ("chain_unreachable", "chain")]


def test_the_same_seed_walks_the_same_way() -> None:
    first, again, other = (list(walk(seed, 30, STRIKES)) for seed in (7, 7, 8))

    assert first == again != other


def test_a_walk_takes_the_time_that_it_was_given_and_strikes_everywhere() -> None:
    steps = list(walk(1, 60, STRIKES))

    took_s = sum(step.pause_s + step.lasts_s for step in steps)
    assert 3600 <= took_s < 3600 + 60
    assert {(step.fault, step.target) for step in steps} == set(STRIKES)
