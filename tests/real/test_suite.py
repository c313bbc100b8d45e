"""The life of a market, from its deployment to the last coin counted; the same on every kind of chain."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from eth_abi.abi import encode
from eth_hash.auto import keccak

from core.chain import merkle
from core.chain.account import Sale, VaultAccount
from core.chain.artifact import load
from core.chain.client import EscrowChain
from core.chain.court import Court
from core.chain.deployment import DAY_S, Plan, SalePlan, created_address, deploy, read_book
from core.chain.history import EarningsHistory
from core.chain.node import checksummed
from core.chain.suite import NOBODY, Connection, encoded
from core.chain.terms import acceptance_tuple, claim_tuple, deal_tuple, share_tuple, terms_tuple
from core.chain.trials import Trials
from core.chain.typed_data import DomainNotary
from core.chain.wallet import Key
from core.errors import InvalidInput, NotEnoughCoin, TransactionFailed
from core.model import Address, Amount
from tests.real.chains import COIN, KINDS, PLAN, Deal, DevChain, Market, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANY: Final = 64
TEAM: Final = Address("0x" + "7e" * 20)
TREASURY: Final = Address("0x" + "77" * 20)
BENEFICIARY: Final = Address("0x" + "be" * 20)


def sale_plan(now: int, *, lasts_s: int) -> SalePlan:
    return SalePlan(
        rate=1000,
        goal=Amount(10**17),
        cap=Amount(2 * 10**17),
        opens_at=now + 60,
        closes_at=now + 60 + lasts_s,
        beneficiary=BENEFICIARY,
        treasury=TREASURY,
        team=TEAM,
        team_coins=Amount(50 * COIN),
        cliff_s=30 * DAY_S,
        vesting_s=365 * DAY_S,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=KINDS)
async def market(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Market]:
    with running(request.param, tmp_path_factory.mktemp("chain")) as chain:
        plan = Plan(
            periods=PLAN.periods, trials=PLAN.trials, court=PLAN.court, sale=sale_plan(now(chain), lasts_s=30 * DAY_S)
        )
        market = await Market.founded(chain, plan)
        try:
            yield market
        finally:
            market.dissolve()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def jurors(market: Market) -> list[EscrowChain]:
    """All who have seats in the court; the third has two of twenty, and so is never the majority of five."""
    jurors = await market.join(3, stake=1000 * COIN)
    for juror, seats in zip(jurors, (9, 9, 2), strict=True):
        await Court(juror.connection, market.journal()).enroll(seats)
    return jurors


def now(chain: DevChain) -> int:
    return int(chain.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)


def parted(penalty: int) -> tuple[int, int, int]:
    """A penalty's parts: burned, the challenger's, the renter's."""
    challengers, renters = penalty * 10 // 100, penalty * 65 // 100
    return penalty - challengers - renters, challengers, renters


async def test_a_deployment_goes_on_where_it_was_interrupted_and_a_sale_that_fails_pays_back(
    market: Market, tmp_path: Path
) -> None:
    [buyer] = await market.join()
    deployer = await asyncio.to_thread(market.chain.wallet, "another deployer")
    await market.bank.send_native(deployer.address, Amount(10**18))
    plan = replace(PLAN, supply=Amount(10**6 * COIN), sale=sale_plan(await buyer.now(), lasts_s=600))
    book, created = tmp_path / "deployments" / "book.json", list[str]()

    def interrupt(sentence: str) -> None:
        created.append(sentence)
        if len(created) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await deploy(market.chain.network, deployer, plan, book=book, note=interrupt)
    half = read_book(book)
    suite = await deploy(market.chain.network, deployer, plan, book=book, note=created.append)
    with pytest.raises(InvalidInput, match="another deployment"):
        await deploy(market.chain.network, deployer, replace(plan, symbol="OTHER"), book=book, note=print)

    assert half is not None and not half.complete and half.suite == suite
    whole = read_book(book)
    assert whole is not None and whole.complete and whole.suite == suite
    assert [sentence.split()[0] for sentence in created[:4]] == ["Coin", "Leases", "Coin", "Leases"]
    assert suite.coin == created_address(deployer.address, 0) and suite.sale == created_address(deployer.address, 4)
    assert suite.sale is not None
    there = EscrowChain(await Connection.connect(market.chain.market(suite), buyer.connection.wallet))
    sale = Sale(there.connection)
    with pytest.raises(InvalidInput, match="pending"):
        await sale.buy(Amount(1))
    await market.forward(60)
    assert await sale.buy(Amount(10**16)) == 10**19
    with pytest.raises(InvalidInput, match="not over"):
        await sale.collect()
    await market.forward(600)
    before = (await there.balances()).native
    assert (await sale.state()).phase == "failed"
    assert await sale.collect() == 10**16
    contract = there.connection.node.contract(load("Sale"), suite.sale)
    await there.connection.transact(contract, encoded(contract, "settle"))

    assert 0 < 10**16 - ((await there.balances()).native - before) < 10**15
    held = [await there.coin_of(one) for one in (deployer.address, TREASURY, suite.sale, suite.escrow)]
    assert held == [10**6 * COIN - 250 * COIN, 250 * COIN, 0, 0]
    assert await there.supply() == sum(held)
    there.disconnect()


async def test_coin_is_deposited_with_a_permit_staked_thawed_and_withdrawn_no_earlier_than_promised(
    market: Market,
) -> None:
    [owner] = await market.join(coin=10 * COIN)
    account = VaultAccount(owner.connection)

    await account.deposit(Amount(3 * COIN))
    await account.stake(Amount(5 * COIN))
    staked = await account.read()
    await account.thaw(Amount(4 * COIN))
    with pytest.raises(NotEnoughCoin):
        await account.thaw(Amount(2 * COIN))
    with pytest.raises(NotEnoughCoin, match="not free"):
        await account.withdraw(owner.address, Amount(4 * COIN))
    leases = owner.connection.leases
    with pytest.raises(TransactionFailed, match="not free yet"):
        await owner.connection.transact(leases, encoded(leases, "collect"))
    await market.forward(await account.thaw_s())
    await account.withdraw(owner.address, Amount(4 * COIN))

    assert (staked.free, staked.bonded, staked.reserved) == (0, 5 * COIN, 0)
    done = await account.read()
    assert (done.free, done.bonded, done.thawing) == (0, COIN, 0)
    assert await owner.coin_of(owner.address) == 9 * COIN


async def test_a_quoted_lease_of_three_is_served_claimed_retired_closed_swept_and_released(
    market: Market,
) -> None:
    donors = await market.join(3, stake=COIN)
    [renter] = await market.join(coin=10 * COIN)
    deal = await market.agree(renter, [donor.notary for donor in donors], penalty=COIN // 2)
    history = EarningsHistory(donors[0].connection, market.journal())

    await renter.open_lease(deal.agreement, deal.accepted)
    await renter.open_lease(deal.agreement, deal.accepted)
    opened = await renter.lease(deal.lease)
    reserved = [(await donor.account_of(donor.address)).reserved for donor in donors]
    for amount in (1000, 3000):
        await donors[0].claim(deal.agreement, [deal.redemption(0, amount)])
    await donors[1].claim(deal.agreement, [deal.redemption(1, 700)], retiring=deal.agreement.shares[1])
    with pytest.raises(TransactionFailed, match="done with share 1"):
        await Trials(renter.connection).challenge(deal.agreement, 1, deal.accepted[1])
    await renter.close(deal.agreement.terms)
    with pytest.raises(TransactionFailed, match="may still claim"):
        await renter.sweep(deal.agreement)
    await market.forward(61)
    with pytest.raises(TransactionFailed, match="over"):
        await donors[2].claim(deal.agreement, [deal.redemption(2, 1)])
    refunds = [await renter.sweep(deal.agreement, satisfied=[0, 1]) for _ in range(2)]
    early = await donors[2].release(deal.agreement, 2)
    await market.forward(PLAN.periods.trial_window_s + 1)
    late = await donors[2].release(deal.agreement, 2)

    assert opened is not None and (opened.remaining, opened.closed) == (3 * COIN, False)
    assert reserved == [COIN // 2] * 3
    assert refunds == [3 * COIN - 3700] * 2
    assert (early, late) == (False, True)
    accounts = [await donor.account_of(donor.address) for donor in donors]
    assert [(one.free, one.bonded, one.reserved) for one in accounts] == [
        (750, COIN + 2250, 0),
        (175, COIN + 525, 0),
        (0, COIN, 0),
    ]
    earnings = await history.sync()
    assert [(one.lease, one.index, one.amount, one.held) for one in earnings] == [
        (deal.lease, 0, 1000, 750),
        (deal.lease, 0, 2000, 1500),
    ]
    assert earnings[0].block < earnings[1].block
    assert earnings[0].at == accounts[0].since
    assert await history.sync() == earnings
    assert (await renter.balances()).coin == 10 * COIN - 3700


async def test_64_donors_earn_their_stake_and_are_quoted_opened_and_paid_in_one_transaction_each(
    market: Market,
) -> None:
    [renter] = await market.join(free=200 * COIN)
    [stranger] = await market.join()
    donors = [DomainNotary(renter.connection.domain, Key.random()) for _ in range(MANY)]
    first = await market.opened(renter, donors)
    await stranger.claim(first.agreement, first.redemptions(4000))

    second = await market.agree(renter, donors, penalty=3000)
    leases = renter.connection.leases
    shares = [share_tuple(share) for share in second.agreement.shares]
    letters = [acceptance_tuple(letter) for letter in second.accepted]
    opening = encoded(leases, "openQuoted", terms_tuple(second.agreement.terms), shares, letters)
    opened_in = await renter.connection.transact(leases, opening)
    pledged = await renter.account_of(donors[63].address)
    await stranger.claim(second.agreement, second.redemptions(8000))
    await renter.close(second.agreement.terms)
    await market.forward(61)
    refund = await renter.sweep(second.agreement, satisfied=range(MANY))

    assert await asyncio.to_thread(market.chain.gas_used, opened_in) <= 1_100_000
    assert (pledged.bonded, pledged.reserved, pledged.free) == (3000, 3000, 1000)
    assert refund == MANY * (COIN - 8000)
    accounts = await asyncio.gather(*(renter.account_of(donor.address) for donor in donors))
    assert {(one.free, one.bonded, one.reserved) for one in accounts} == {(3000, 9000, 0)}
    assert await renter.paid(second.lease, 63) == 8000


async def test_a_stranger_claims_from_several_leases_at_once_and_a_donor_claims_and_withdraws_in_one(
    market: Market,
) -> None:
    [renter], [donor, stranger] = await market.join(free=20 * COIN), await market.join(2)
    deals = [await market.opened(renter, [donor.notary]) for _ in range(4)]
    leases = stranger.connection.leases

    def claim(deal: Deal, amount: int) -> bytes:
        leaves = [merkle.leaf(share) for share in deal.agreement.shares]
        claims = [claim_tuple(deal.redemption(0, amount), leaves)]
        return encoded(leases, "claim", terms_tuple(deal.agreement.terms), claims)

    await stranger.connection.transact(leases, *(claim(deal, 400) for deal in deals))
    pay_out = encoded(leases, "withdraw", checksummed(donor.address), 500)
    await donor.connection.transact(leases, claim(deals[0], 800), pay_out)

    account = await donor.account_of(donor.address)
    assert (account.free, account.bonded) == (0, 1500)
    assert await donor.coin_of(donor.address) == 500
    assert [await donor.paid(deal.lease, 0) for deal in deals] == [800, 400, 400, 400]
    assert (await stranger.account_of(stranger.address)).total == 0


async def test_a_donor_that_answers_a_challenge_keeps_its_stake_and_gets_the_bond(market: Market) -> None:
    [renter], [donor] = await market.join(free=20 * COIN), await market.join(stake=COIN)
    deal = await market.opened(renter, [donor.notary], penalty=COIN)

    trial = await Trials(renter.connection).challenge(deal.agreement, 0, deal.accepted[0])
    seized = await donor.account_of(donor.address)
    answered = [await donor.answer_trials() for _ in range(2)]
    await market.forward(PLAN.trials.answer_s + 1)
    with pytest.raises(TransactionFailed, match="over"):
        await Trials(renter.connection).conclude(trial)

    assert (seized.bonded, seized.free) == (0, 0)
    assert answered == [1, 0]
    account = await donor.account_of(donor.address)
    assert (account.bonded, account.reserved, account.free) == (COIN, COIN, PLAN.trials.min_bond)
    assert (await renter.account_of(renter.address)).free == 20 * COIN - COIN - PLAN.trials.min_bond


async def test_a_donor_that_does_not_answer_is_convicted_and_the_renter_paid_first(market: Market) -> None:
    [renter, challenger], [donor] = await market.join(2, free=20 * COIN), await market.join(stake=COIN)
    deal = await market.opened(renter, [donor.notary], penalty=COIN)
    burned_before = (await renter.account_of(NOBODY)).total
    trials = Trials(challenger.connection)

    trial = await trials.challenge(deal.agreement, 0, deal.accepted[0])
    with pytest.raises(TransactionFailed, match="may still answer"):
        await trials.conclude(trial)
    await market.forward(PLAN.trials.answer_s + 1)
    await trials.conclude(trial)

    burned, challengers, renters = parted(COIN)
    assert (await donor.account_of(donor.address)).total == 0
    assert (await donor.account_of(donor.address)).since > 0
    assert (await challenger.account_of(challenger.address)).free == 20 * COIN + challengers
    assert (await renter.account_of(renter.address)).free == 19 * COIN + renters
    assert (await renter.account_of(NOBODY)).total == burned_before + burned


async def test_a_seat_sold_twice_for_one_time_costs_both_penalties(market: Market) -> None:
    renters, [donor] = await market.join(2, free=5 * COIN), await market.join(stake=COIN)
    [witness] = await market.join()
    deals = [await market.opened(renter, [donor.notary], penalty=COIN // 2) for renter in renters]
    trials = witness.connection.trials
    evidence = [deal_tuple(deal.agreement, 0, deal.accepted[0]) for deal in deals]

    with pytest.raises(TransactionFailed, match="share no seat"):
        await witness.connection.transact(trials, encoded(trials, "convictDoubleSale", evidence[0], evidence[0]))
    await witness.connection.transact(trials, encoded(trials, "convictDoubleSale", *evidence))

    _, challengers, renters_part = parted(COIN // 2)
    assert (await donor.account_of(donor.address)).total == 0
    assert (await witness.account_of(witness.address)).free == 2 * challengers
    assert [(await one.account_of(one.address)).free for one in renters] == [4 * COIN + renters_part] * 2


async def test_an_accusation_that_nobody_contests_is_upheld(market: Market) -> None:
    [renter], [donor] = await market.join(free=5 * COIN), await market.join(stake=COIN)
    deal = await market.opened(renter, [donor.notary], penalty=COIN)
    court = Court(renter.connection, market.journal())

    case = await court.accuse(deal.agreement, 0, deal.accepted[0], b"the results were wrong")
    accused = await court.case(case)
    await market.forward(PLAN.court.contest_s + 1)
    uncontested = await court.case(case)
    await court.uphold(deal.agreement.terms, 0)

    assert (accused.phase, accused.donor, accused.seized) == ("accused", donor.address, COIN)
    assert uncontested.phase == "uncontested"
    closed = await court.case(case)
    assert (closed.phase, closed.outcome) == ("closed", "guilty")
    assert (await donor.account_of(donor.address)).total == 0
    assert (await renter.account_of(renter.address)).free == 4 * COIN + COIN * 75 // 100


async def test_a_contested_case_is_judged_by_a_jury_of_five_and_its_minority_fined(
    market: Market, jurors: list[EscrowChain]
) -> None:
    [renter], [donor] = await market.join(free=5 * COIN), await market.join(stake=COIN)
    await market.give([donor.address], 5 * COIN)
    before = [await juror.account_of(juror.address) for juror in jurors]
    courts = [Court(one.connection, market.journal()) for one in (renter, donor, *jurors)]
    ours, theirs, *juries = courts
    deal = await market.opened(renter, [donor.notary], penalty=COIN)
    terms = deal.agreement.terms

    case = await ours.accuse(deal.agreement, 0, deal.accepted[0], b"the machine was slower than said")
    await theirs.contest(case)
    drawing = await ours.case(case)
    assert await juries[0].places(case) == ()
    await market.mine(6)
    await ours.draw(terms, 0)
    places = [await juror.places(case) for juror in juries]
    committed = [
        await juror.commit(case, guilty=guilty) if mine else 0
        for juror, mine, guilty in zip(juries, places, (True, True, False), strict=True)
    ]
    # Whoever changes their mind and back, or sends it twice, can still reveal.
    for guilty in (False, True, True):
        if places[0]:
            await juries[0].commit(case, guilty=guilty)
    with pytest.raises(InvalidInput, match="does not sit"):
        await ours.commit(case, guilty=True)
    await market.forward(PLAN.court.commit_s + 1)
    revealed = [await juror.reveal(case) for juror, mine in zip(juries, places, strict=True) if mine]
    again = [await juror.reveal(case) for juror, mine in zip(juries, places, strict=True) if mine]
    await market.forward(PLAN.court.reveal_s + 1)
    appealable = await ours.case(case)
    await market.forward(PLAN.court.appeal_s + 1)
    await ours.settle(terms, 0)

    assert drawing.phase == "drawing" and appealable.phase == "appealable" and not appealable.appealed
    assert sorted(place for mine in places for place in mine) == [0, 1, 2, 3, 4]
    assert committed == [len(mine) for mine in places] and sum(revealed) == 5 and sum(again) == 0
    closed = await ours.case(case)
    assert (closed.phase, closed.outcome) == ("closed", "guilty")
    minority = len(places[2])
    fine, bond = 20 * COIN * minority, PLAN.court.min_bond
    reward = (bond + fine) // (5 - minority)
    after = [await juror.account_of(juror.address) for juror in jurors]
    assert [new.free - old.free for new, old in zip(after, before, strict=True)] == [
        reward * len(places[0]),
        reward * len(places[1]),
        0,
    ]
    assert [old.bonded - new.bonded for new, old in zip(after, before, strict=True)] == [0, 0, fine]
    assert (await donor.account_of(donor.address)).total == 5 * COIN - bond
    assert (await renter.account_of(renter.address)).free == 4 * COIN + COIN * 75 // 100


async def test_an_appeal_calls_a_larger_jury_whose_verdict_is_final(market: Market, jurors: list[EscrowChain]) -> None:
    [renter], [donor] = await market.join(free=5 * COIN), await market.join(stake=COIN)
    await market.give([donor.address], 10 * COIN)
    before = [await juror.account_of(juror.address) for juror in jurors]
    ours, theirs, *juries = [Court(one.connection, market.journal()) for one in (renter, donor, *jurors)]
    deal = await market.opened(renter, [donor.notary], penalty=COIN)
    terms = deal.agreement.terms

    async def vote(*, guilty: bool) -> list[int]:
        """Draw a jury, and have everybody on it vote so; the places."""
        await market.mine(6)
        await ours.draw(terms, 0)
        places = [place for juror in juries for place in await juror.places(case)]
        seated = [juror for juror in juries if await juror.places(case)]
        for juror in seated:
            await juror.commit(case, guilty=guilty)
        await market.forward(PLAN.court.commit_s + 1)
        for juror in seated:
            await juror.reveal(case)
        await market.forward(PLAN.court.reveal_s + 1)
        return sorted(places)

    case = await ours.accuse(deal.agreement, 0, deal.accepted[0], b"nothing was computed at all")
    await theirs.contest(case)
    first = await vote(guilty=True)
    await theirs.appeal(terms, 0)
    second = await vote(guilty=False)
    appealed = await ours.case(case)
    await ours.settle(terms, 0)

    assert (first, second) == (list(range(5)), list(range(16, 27)))
    assert appealed.appealed and appealed.phase == "decided"
    assert (await ours.case(case)).outcome == "not guilty"
    account = await donor.account_of(donor.address)
    assert (account.bonded, account.reserved) == (COIN, COIN)
    # The accuser lost its bond: three tenths for the donor's trouble, the rest for the second jury, with the fines of
    # the first.
    bond, fines = PLAN.court.min_bond, 5 * 20 * COIN
    assert account.free == 10 * COIN + bond * 30 // 100
    assert (await renter.account_of(renter.address)).free == 4 * COIN - bond
    after = [await juror.account_of(juror.address) for juror in jurors]
    assert sum(new.free for new in after) - sum(old.free for old in before) == (bond * 70 // 100 + fines) // 11 * 11
    assert sum(old.bonded for old in before) - sum(new.bonded for new in after) == fines


async def test_a_sale_that_reaches_its_cap_delivers_at_once_and_the_teams_share_vests(market: Market) -> None:
    buyers = await market.join(2)
    sales = [Sale(buyer.connection) for buyer in buyers]
    assert market.suite.sale is not None
    contract = buyers[0].connection.node.contract(load("Sale"), market.suite.sale)
    vesting = Address(str(await buyers[0].connection.view(contract, "vesting")).lower())
    release = keccak(b"release(address)")[:4] + encode(["address"], [market.suite.coin])
    plan = await sales[0].state()
    await market.forward(max(0, plan.opens_at - await buyers[0].now()))

    assert await sales[0].buy(Amount(15 * 10**16)) == 150 * COIN
    with pytest.raises(InvalidInput, match="takes 1 to 50000000000000000 wei"):
        await sales[1].buy(Amount(6 * 10**16))
    assert await sales[1].buy(Amount(5 * 10**16)) == 50 * COIN
    state = await sales[1].state()
    collected = [await sale.collect() for sale in sales]
    for function in ("settle", "withdraw"):
        await buyers[0].connection.transact(contract, encoded(contract, function))
    await buyers[0].connection.sender.send(vesting, release)
    before_the_cliff = await buyers[0].coin_of(TEAM)
    await market.forward(plan.closes_at - await buyers[0].now() + 365 * DAY_S)
    await buyers[0].connection.sender.send(vesting, release)

    assert (state.phase, state.left, state.raised) == ("succeeded", 0, 2 * 10**17)
    assert collected == [150 * COIN, 50 * COIN]
    assert [await buyer.coin_of(buyer.address) for buyer in buyers] == collected
    assert int(await asyncio.to_thread(market.chain.rpc, "eth_getBalance", BENEFICIARY, "latest"), 16) == 2 * 10**17
    assert (before_the_cliff, await buyers[0].coin_of(TEAM)) == (0, 50 * COIN)
    assert await buyers[0].coin_of(market.suite.sale) == 0


async def test_in_the_end_every_coin_is_counted(market: Market) -> None:
    sale = market.suite.sale
    assert sale is not None
    contract = market.bank.connection.node.contract(load("Sale"), sale)
    vesting = Address(str(await market.bank.connection.view(contract, "vesting")).lower())

    in_vault = await market.bank.coin_of(market.suite.escrow)
    outside = await market.outside(sale, vesting, TEAM, TREASURY)

    assert in_vault == await market.in_accounts() + await market.in_leases()
    assert in_vault + outside == await market.bank.supply() == PLAN.supply
