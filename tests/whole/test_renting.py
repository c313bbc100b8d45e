"""What a renter may ask of clusters, in a market of real processes."""

import pytest

from core.errors import SpendingLimit
from core.model import Amount
from tests.whole.stage import Stage, request

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


async def test_the_agent_refuses_what_could_pass_a_limit_whoever_asks_and_counts_what_was_spent(stage: Stage) -> None:
    await stage.offers(3)
    before = (await stage.market.coin_by_holder())["renter"]
    assert (await stage.command("limits", "--per-hour", "0.0000001"))[0] == 0

    async with stage.agent() as agent:
        spent_before = (await agent.view()).spending
        with pytest.raises(SpendingLimit, match="an hour, and your limit is"):
            await agent.launch("limited", request(2))
        refused = await agent.view()
    code, said = await stage.command("launch", "limited", "--workers", "2", "--memory", "1G", "--yes")
    after_refusals = (await stage.market.coin_by_holder())["renter"]
    assert (await stage.command("limits", "--per-hour", "none"))[0] == 0
    cluster = await stage.launch("limited", 2)
    ended = await stage.destroy("limited")

    assert (code, after_refusals) == (12, before)
    assert "and your limit is 0.0000001 SPARE." in said
    assert all(known.name != "limited" for known in refused.clusters)
    assert cluster.state == "running"
    async with stage.agent() as agent:
        spent = (await agent.view()).spending
    assert spent is not None and spent_before is not None
    assert spent.in_all - spent_before.in_all == ended.spent > 0
    assert spent.committed == Amount(0)
    await stage.assert_clean(ended)
