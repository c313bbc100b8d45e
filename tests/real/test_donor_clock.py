"""Donors whose clocks are wrong, in a market whose chain and bus are right: each says so by itself."""

import asyncio
from pathlib import Path

from renter_tui.demo.children import Child, start
from renter_tui.demo.market import LocalMarket, local_market

OFF_S = 600
TOLD_WITHIN_S = 90


async def skewed_donor(market: LocalMarket, name: str, off_s: int) -> Child:
    """A donor's agent whose clock is off by so many seconds."""
    words = [str(off_s), "tests.real.hasty_donor", "--headless", "--home", str(market.home(name))]
    market.donors[name] = await start(name, "tests.lab.skewed", words, market.folder / f"{name}.log")
    return market.donors[name]


async def said(donor: Child, words: str) -> str:
    """The first line with these words that `donor` prints."""
    async with asyncio.timeout(TOLD_WITHIN_S):
        while True:
            donor.check()
            found = [line for line in donor.log.read_text("utf-8").splitlines() if words in line]
            if found:
                return found[0]
            await asyncio.sleep(0.2)


async def test_a_clock_that_is_ahead_and_one_that_is_behind_are_told_with_what_to_do(tmp_path: Path) -> None:
    async with local_market(tmp_path, ("early", "late", "right")) as market:
        early, late = await skewed_donor(market, "early", OFF_S), await skewed_donor(market, "late", -OFF_S)
        right = await skewed_donor(market, "right", 0)
        ahead, behind = await asyncio.gather(*(said(donor, "This machine's clock") for donor in (early, late)))
        of_the_right_one = right.log.read_text("utf-8")

    assert "is about 10 min ahead of the chain's. Set it right" in ahead
    assert "is about 10 min behind the chain's. Set it right" in behind
    assert "clock" not in of_the_right_one
