"""Whether a solution keeps every rule, and its value: read again from the file, with Python's own integers.

Shares no code with the allocator, nor with the readers that fed it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

Picks = Sequence[int]
Verdict = Callable[[Picks], float]


class Broken(ValueError):
    """A solution that breaks a rule; the message says which."""


def of(family: str, path: Path) -> Verdict:
    """The judge of one instance: takes picks, gives their value, raises Broken."""
    return _JUDGES[family](iter(path.read_text("ascii").split()))


def _mkp(words: Iterator[str]) -> Verdict:
    n, m = _ints(words, 2)
    profits = _ints(words, n)
    rows = [_ints(words, n) for _ in range(m)]
    capacities = _ints(words, m)

    def verdict(picks: Picks) -> float:
        _need(all(0 <= pick < n for pick in picks), "an item does not exist")
        _need(len(set(picks)) == len(picks), "an item is chosen twice")
        for place, (row, capacity) in enumerate(zip(rows, capacities, strict=True)):
            _need(sum(row[pick] for pick in picks) <= capacity, f"dimension {place} is overloaded")
        return sum(profits[pick] for pick in picks)

    return verdict


def _mmkp(words: Iterator[str]) -> Verdict:
    count, m = _ints(words, 2)
    capacities = _ints(words, m)
    groups = []
    for _ in range(count):
        (k,) = _ints(words, 1)
        groups.append([_ints(words, m + 1) for _ in range(k)])

    def verdict(picks: Picks) -> float:
        _need(len(picks) == count, "there must be one pick for each group")
        chosen = []
        for group, pick in zip(groups, picks, strict=True):
            _need(0 <= pick < len(group), "a group has no such item")
            chosen.append(group[pick])
        for place, capacity in enumerate(capacities):
            _need(sum(row[1 + place] for row in chosen) <= capacity, f"dimension {place} is overloaded")
        return sum(row[0] for row in chosen)

    return verdict


def _vbp(words: Iterator[str]) -> Verdict:
    (d,) = _ints(words, 1)
    capacity = _ints(words, d)
    (n,) = _ints(words, 1)
    items = []
    for _ in range(n):
        *weights, demand = _ints(words, d + 1)
        items += [weights] * demand

    def verdict(picks: Picks) -> float:
        loads = _loads(items, picks, d)
        for load in loads.values():
            _need(all(has <= most for has, most in zip(load, capacity, strict=True)), "a bin is overloaded")
        return len(loads)

    return verdict


def _vsvbp(words: Iterator[str]) -> Verdict:
    d, m, n = _ints(words, 3)
    capacities, costs = [], []
    for _ in range(m):
        capacities.append(_ints(words, d))
        costs.append(float(next(words)))
    items = [_ints(words, d) for _ in range(n)]

    def verdict(picks: Picks) -> float:
        loads = _loads(items, picks, d)
        for place, load in loads.items():
            _need(0 <= place < m, "a bin does not exist")
            _need(all(has <= most for has, most in zip(load, capacities[place], strict=True)), "a bin is overloaded")
        return sum(costs[place] for place in sorted(loads))

    return verdict


def _tbpp(words: Iterator[str]) -> Verdict:
    n, capacity, _, _ = _ints(words, 4)
    items = [_ints(words, 4) for _ in range(n)]

    def verdict(picks: Picks) -> float:
        _need(len(picks) == n, "there must be one bin for each item")
        moments = [(end, 0, -size, pick) for (_, _, end, size), pick in zip(items, picks, strict=True)]
        moments += [(start, 1, size, pick) for (_, start, _, size), pick in zip(items, picks, strict=True)]
        loads = Counter[int]()
        # At one moment what ends makes room for what starts.
        for _, _, change, pick in sorted(moments):
            loads[pick] += change
            _need(loads[pick] <= capacity, "a bin is overloaded")
        return len(set(picks))

    return verdict


def cover(
    capacities: Mapping[int, Sequence[int]],
    shapes: Sequence[Sequence[int]],
    wanted: Sequence[int],
    donors: Sequence[int],
    counts: Sequence[Sequence[int]],
) -> None:
    """Raises Broken unless the `donors`, each of its own capacity, hold `counts[donor][shape]`, `wanted` in all."""
    _need(len(set(donors)) == len(donors), "a donor is leased twice")
    _need(len(counts) == len(donors), "there must be counts for each donor")
    for donor, row in zip(donors, counts, strict=True):
        _need(donor in capacities, "a donor does not exist")
        _need(len(row) == len(shapes) and min(row) >= 0, "there must be a count for each shape, from 0")
        for place, capacity in enumerate(capacities[donor]):
            load = sum(count * shape[place] for count, shape in zip(row, shapes, strict=True))
            _need(load <= capacity, "a donor is overloaded")
    hosted = [sum(row[place] for row in counts) for place in range(len(shapes))]
    _need(all(has >= want for has, want in zip(hosted, wanted, strict=True)), "too few workers are hosted")


def _loads(items: Sequence[Sequence[int]], picks: Picks, d: int) -> dict[int, list[int]]:
    _need(len(picks) == len(items), "there must be one bin for each item")
    loads = {pick: [0] * d for pick in Counter(picks)}
    for item, pick in zip(items, picks, strict=True):
        load = loads[pick]
        for place in range(d):
            load[place] += item[place]
    return loads


def _ints(words: Iterator[str], count: int) -> list[int]:
    return [int(next(words)) for _ in range(count)]


def _need(condition: bool, sentence: str) -> None:
    if not condition:
        raise Broken(sentence)


_JUDGES: Final[Mapping[str, Callable[[Iterator[str]], Verdict]]] = {
    "mkp": _mkp,
    "mmkp": _mmkp,
    "vbp": _vbp,
    "vsvbp": _vsvbp,
    "tbpp": _tbpp,
}
