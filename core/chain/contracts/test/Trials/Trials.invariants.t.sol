// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "../../ILeases.sol";
import {ITrials} from "../../ITrials.sol";
import {IVault} from "../../IVault.sol";
import {Test} from "../support/Test.sol";
import {TrialsFixture} from "./TrialsFixture.sol";

/// @title TrialsHandler
/// @notice Drives trials over many leases, with right and wrong calls by everyone, and keeps its own books. Each call must
/// succeed exactly when the books say so.
contract TrialsHandler is TrialsFixture {
    /// @notice A donor's deal, and what became of its share. Times are 0 where it did not come to that.
    struct Item {
        ITrials.Deal deal;
        bool quoted;
        uint256 openedAt;
        uint256 closedAt;
        uint256 retiredAt;
        bool onTrial;
        bool spent;
        uint256 answeredAt;
        uint256 provenAt;
    }

    /// @notice A trial that was opened, and what became of it.
    struct Case {
        ITrials.Trial trial;
        uint256 item;
        uint256 inBlock;
        uint256 seedBlock;
        uint256 until;
        uint128 seed;
        bool ended;
        bool convicted;
    }

    uint256 private constant MOST_ITEMS = 10;

    Item[] private items;
    Case[] private cases;
    uint256[2] private donorKeys;
    address[] private people;

    uint256 public escrow;
    uint256 public gifts;
    uint256 public seizedFromConvicts;
    uint256 public paidToOthers;
    uint256 public burned;
    uint256 public deposits;
    uint256 public lostByTrios;
    uint256 public earliestConviction = type(uint256).max;
    mapping(uint256 outcome => uint256) public ended;

    constructor() {
        donorKeys[0] = donorKey;
        people.push(donor);
        (donor, donorKeys[1]) = account("second donor");
        people.push(donor);
        people.push(renter);
        people.push(addressOf("second renter"));
        people.push(challenger);
        people.push(neighbour);
        hasBonded(people[1], STAKE);
        hasFree(people[3], 1 ether);
        // Now and then a challenger cannot pay.
        vm.prank(challenger);
        leases.withdraw(address(this), 1 ether - 20 * BOND);
        for (uint256 i = 0; i < 4; ++i) {
            open(i, i >> 1, PENALTY, 3 days, i != 0, uint8(1 << i));
        }
    }

    function pass(uint256 seconds_, uint256 blocks) external {
        vm.warp(block.timestamp + bound(seconds_, 0, seconds_ % 16 == 0 ? 1 days : ANSWER_S));
        vm.roll(block.number + bound(blocks, 0, blocks % 16 == 0 ? 300 : 4));
    }

    function open(uint256 who, uint256 byWhom, uint128 penalty, uint64 lastsS, bool quoted, uint8 seats) public {
        if (items.length == MOST_ITEMS) return;
        Plan memory p = Plan({
            donorKey: donorKeys[who % 2],
            renter: people[2 + (byWhom % 2)],
            penalty: uint128(bound(penalty, 0, STAKE / 4)),
            seats: seats & 7,
            lastsS: uint64(bound(lastsS, 1 hours, 8 days)),
            quoted: quoted,
            salt: bytes32(items.length)
        });
        IVault.Account memory stake = leases.accountOf(people[who % 2]);
        if (quoted && p.penalty > stake.bonded - stake.reserved) p.penalty = stake.bonded - stake.reserved;
        Item storage item = items.push();
        item.deal = opened(p);
        item.quoted = quoted;
        item.openedAt = block.timestamp;
        deposits += 1;
    }

    function challenge(uint256 which, uint256 who) external {
        if (items.length == 0) return;
        which %= items.length;
        Item storage item = items[which];
        address by = people[who % people.length];
        ITrials.Trial memory trial = trialOf(item.deal, by);
        trial.seized = uint128(seizable(item));
        bool right = triable(item) && item.retiredAt == 0 && rested(item.answeredAt) && rested(item.provenAt)
            && free(by) >= trials.bondOf(trial.seized);

        bool done = call(by, abi.encodeCall(ITrials.challenge, (item.deal)));

        assertEq(done, right, "challenge");
        if (done) isOpened(which, trial);
    }

    function challengeStorage(uint256 which, uint256 who) external {
        if (items.length == 0) return;
        which %= items.length;
        Item storage item = items[which];
        address by = who % 4 == 0 ? people[who % people.length] : item.deal.terms.renter;
        ITrials.Trial memory trial = storageTrialOf(item.deal);
        trial.seized = uint128(seizable(item));
        uint256 key = item.deal.share.donor == people[0] ? donorKeys[0] : donorKeys[1];
        bool right = triable(item) && by == item.deal.terms.renter
            && (item.retiredAt == 0 || block.timestamp <= item.retiredAt + 2 * ANSWER_S) && rested(item.provenAt);

        bool done = call(by, abi.encodeCall(ITrials.challengeStorage, (item.deal, custodyOf(item.deal, key))));

        assertEq(done, right, "challenge over storage");
        if (done) isOpened(which, trial);
    }

    function answer(uint256 which, uint256 who, bool signedly) external {
        if (cases.length == 0) return;
        Case storage tried = cases[pick(which, false)];
        bool first = tried.trial.donor == people[0] == (who % 4 != 0);
        (address by, uint256 key) = first ? (people[0], donorKeys[0]) : (people[1], donorKeys[1]);
        bool right =
            !tried.ended && tried.trial.chunks == 0 && by == tried.trial.donor && block.timestamp <= tried.until;
        uint256 before = bonded(tried.trial.donor);

        bool done;
        if (signedly) {
            (bytes32 r, bytes32 vs) = answerOf(tried.trial, key);
            done = call(people[5], abi.encodeCall(ITrials.answerSigned, (tried.trial, r, vs)));
        } else {
            done = call(by, abi.encodeCall(ITrials.answer, (tried.trial)));
        }

        assertEq(done, right, "answer");
        if (!done) return;
        items[tried.item].answeredAt = block.timestamp;
        isAcquitted(tried, before);
        ended[uint256(ITrials.Outcome.Answered)] += 1;
    }

    function draw(uint256 which) external {
        if (cases.length == 0) return;
        Case storage tried = cases[pick(which, true)];
        bool right = !tried.ended && tried.trial.chunks != 0 && tried.until == 0 && block.number > tried.seedBlock;

        bool done = call(people[5], abi.encodeCall(ITrials.draw, (tried.trial)));

        assertEq(done, right, "draw");
        if (!done) return;
        if (block.number - tried.seedBlock > 256) {
            tried.seedBlock = block.number + 1;
        } else {
            tried.seed = uint128(uint256(blockhash(tried.seedBlock)));
            tried.until = block.timestamp + ANSWER_S;
        }
    }

    function prove(uint256 which, uint256 lie) external {
        if (cases.length == 0) return;
        Case storage tried = cases[pick(which, true)];
        bool provable = !tried.ended && tried.trial.chunks != 0 && tried.until != 0;
        ITrials.Sample[] memory samples = provable ? samplesOf(tried.trial) : new ITrials.Sample[](SAMPLES);
        bool lies = provable && lie % 4 == 0;
        if (lies) samples[(lie >> 8) % SAMPLES].chunk[0] ^= 0x01;
        bool right = provable && !lies && block.timestamp <= tried.until;
        uint256 before = bonded(tried.trial.donor);

        bool done = call(people[5], abi.encodeCall(ITrials.prove, (tried.trial, samples)));

        assertEq(done, right, "prove");
        if (!done) return;
        items[tried.item].provenAt = block.timestamp;
        isAcquitted(tried, before);
        ended[uint256(ITrials.Outcome.Proven)] += 1;
    }

    function conclude(uint256 which) external {
        if (cases.length == 0) return;
        Case storage tried = cases[pick(which, which & 1 != 0)];
        bool right = !tried.ended && tried.until != 0 && block.timestamp > tried.until;
        uint256 before = trioOf(tried.trial) + tried.trial.seized + trials.bondOf(tried.trial.seized);
        uint256 burnedBefore = free(address(0));

        bool done = call(people[5], abi.encodeCall(ITrials.conclude, (tried.trial)));

        assertEq(done, right, "conclude");
        if (!done) return;
        (tried.ended, tried.convicted) = (true, true);
        (items[tried.item].onTrial, items[tried.item].spent) = (false, true);
        escrow -= tried.trial.seized + trials.bondOf(tried.trial.seized);
        if (block.timestamp - tried.until < earliestConviction) earliestConviction = block.timestamp - tried.until;
        isConvicted(tried.trial.seized, free(address(0)) - burnedBefore, before - trioOf(tried.trial));
        ended[uint256(ITrials.Outcome.Convicted)] += 1;
    }

    function convictDoubleSale(uint256 which, uint256 that, uint256 who) external {
        if (items.length == 0) return;
        (Item storage one, Item storage other) = (items[which % items.length], items[that % items.length]);
        address by = people[who % people.length];
        bool overlap = which % items.length != that % items.length && one.deal.share.donor == other.deal.share.donor
            && one.deal.acceptance.seats & other.deal.acceptance.seats != 0 && one.openedAt < end(other)
            && other.openedAt < end(one) && one.openedAt < end(one) && other.openedAt < end(other);
        (bool ofOne, bool ofOther) = (seizableLate(one), seizableLate(other));
        uint256 before = everyone();
        (uint256 burnedBefore, uint256 stakeBefore) = (free(address(0)), staked(one.deal.share.donor));
        bool right = overlap && (ofOne ? seizable(one) : 0) + (ofOther ? seizable(other) : 0) != 0;

        bool done = call(by, abi.encodeCall(ITrials.convictDoubleSale, (one.deal, other.deal)));

        assertEq(done, right, "double sale");
        if (!done) return;
        if (ofOne) one.spent = true;
        if (ofOther) other.spent = true;
        uint256 seized = stakeBefore - staked(one.deal.share.donor);
        isConvicted(seized, free(address(0)) - burnedBefore, before - everyone());
    }

    function retire(uint256 which) external {
        if (items.length == 0 || which % 4 != 0) return;
        which >>= 8;
        Item storage item = items[which % items.length];
        if (item.retiredAt != 0) return;
        vm.prank(item.deal.share.donor);
        leases.retire(item.deal.terms, item.deal.share, item.deal.proof);
        item.retiredAt = block.timestamp;
    }

    function close(uint256 which) external {
        if (items.length == 0 || which % 4 != 0) return;
        which >>= 8;
        Item storage item = items[which % items.length];
        if (item.closedAt != 0) return;
        vm.prank(item.deal.terms.renter);
        leases.close(item.deal.terms);
        item.closedAt = block.timestamp;
    }

    function release(uint256 which) external {
        if (items.length == 0 || which % 4 != 0) return;
        which >>= 8;
        Item storage item = items[which % items.length];
        if (!item.quoted || item.onTrial || item.spent) return;
        vm.prank(item.deal.terms.renter);
        leases.release(item.deal.terms, item.deal.share, item.deal.proof);
        item.spent = true;
    }

    function thaw(uint256 who, uint256 amount) external {
        IVault.Account memory stake = leases.accountOf(people[who % 2]);
        if (stake.bonded == stake.reserved) return;
        vm.prank(people[who % 2]);
        leases.thaw(bound(amount, 1, stake.bonded - stake.reserved));
    }

    function gift(uint256 amount) external {
        amount = bound(amount, 1, 10);
        vm.prank(people[3]);
        leases.give(address(trials), amount);
        gifts += amount;
    }

    function countCases() external view returns (uint256) {
        return cases.length;
    }

    function caseAt(uint256 i) external view returns (Case memory) {
        return cases[i];
    }

    function suite() external view returns (ITrials, ILeases) {
        return (trials, leases);
    }

    /// @notice All coin of everyone that takes part, staked or not.
    function everyone() public view returns (uint256 sum) {
        for (uint256 i = 0; i < people.length; ++i) {
            sum += owned(people[i]);
        }
    }

    function isOpened(uint256 which, ITrials.Trial memory trial) private {
        Case storage tried = cases.push();
        (tried.trial, tried.item, tried.inBlock) = (trial, which, block.number);
        if (trial.chunks == 0) tried.until = block.timestamp + ANSWER_S;
        else tried.seedBlock = block.number + 1;
        items[which].onTrial = true;
        escrow += trial.seized + trials.bondOf(trial.seized);
        assertTrue(trials.isOpen(trial), "the trial that the books say");
    }

    function isAcquitted(Case storage tried, uint256 bondedBefore) private {
        tried.ended = true;
        items[tried.item].onTrial = false;
        escrow -= tried.trial.seized + trials.bondOf(tried.trial.seized);
        assertEq(bonded(tried.trial.donor), bondedBefore + tried.trial.seized, "restored");
    }

    function isConvicted(uint256 seized, uint256 burned_, uint256 lost) private {
        seizedFromConvicts += seized;
        burned += burned_;
        paidToOthers += seized - burned_;
        lostByTrios += lost;
        assertEq(lost, burned_, "what donor, challenger and renter lost together");
        assertGe(burned_ * 100, seized * 25, "burned");
    }

    /// @dev Which trial to call about: mostly an open one of that kind, if there is any.
    function pick(uint256 which, bool overStorage) private view returns (uint256 found) {
        found = (which >> 8) % cases.length;
        for (uint256 i = 0; i < cases.length && which % 8 != 0; ++i) {
            Case storage tried = cases[(found + i) % cases.length];
            if (!tried.ended && tried.trial.chunks != 0 == overStorage) return (found + i) % cases.length;
        }
    }

    function call(address sender, bytes memory data) private returns (bool done) {
        vm.prank(sender);
        (done,) = address(trials).call(data);
    }

    function triable(Item storage item) private view returns (bool) {
        return block.timestamp <= claimableUntil(item) && !item.onTrial && !item.spent && seizable(item) != 0;
    }

    function seizableLate(Item storage item) private view returns (bool) {
        return block.timestamp <= claimableUntil(item) + TRIAL_WINDOW_S && !item.onTrial && !item.spent;
    }

    /// @dev What is there of a penalty.
    function seizable(Item storage item) private view returns (uint256) {
        uint256 penalty = item.deal.share.penalty;
        if (item.quoted) return penalty;
        IVault.Account memory stake = leases.accountOf(item.deal.share.donor);
        uint256 there = uint256(stake.bonded) - stake.reserved + stake.thawing;
        return penalty < there ? penalty : there;
    }

    function rested(uint256 since) private view returns (bool) {
        return since == 0 || block.timestamp > since + ANSWER_S;
    }

    function served(Item storage item) private view returns (uint256) {
        uint256 endsAt = item.deal.terms.endsAt;
        return item.closedAt != 0 && item.closedAt < endsAt ? item.closedAt : endsAt;
    }

    function claimableUntil(Item storage item) private view returns (uint256) {
        return served(item) + GRACE_S;
    }

    function end(Item storage item) private view returns (uint256) {
        return item.retiredAt != 0 && item.retiredAt < served(item) ? item.retiredAt : served(item);
    }

    function trioOf(ITrials.Trial memory trial) private view returns (uint256 sum) {
        sum = owned(trial.donor) + owned(trial.renter);
        if (trial.challenger != trial.donor && trial.challenger != trial.renter) sum += owned(trial.challenger);
    }

    function owned(address owner) private view returns (uint256) {
        return free(owner) + staked(owner);
    }

    function staked(address owner) private view returns (uint256) {
        IVault.Account memory stake = leases.accountOf(owner);
        return uint256(stake.bonded) + stake.thawing;
    }
}

/// @title TrialsInvariants
/// @notice T1 to T8 of ITrials after any sequence of calls.
contract TrialsInvariants is Test {
    TrialsHandler private handler;
    ITrials private trials;
    ILeases private leases;
    uint256 private total;

    function setUp() external {
        handler = new TrialsHandler();
        (trials, leases) = handler.suite();
        total = handler.everyone() + handler.deposits();
        bytes4[] memory selectors = new bytes4[](14);
        selectors[0] = TrialsHandler.pass.selector;
        selectors[1] = TrialsHandler.open.selector;
        selectors[2] = TrialsHandler.challenge.selector;
        selectors[3] = TrialsHandler.challengeStorage.selector;
        selectors[4] = TrialsHandler.answer.selector;
        selectors[5] = TrialsHandler.draw.selector;
        selectors[6] = TrialsHandler.prove.selector;
        selectors[7] = TrialsHandler.conclude.selector;
        selectors[8] = TrialsHandler.convictDoubleSale.selector;
        selectors[9] = TrialsHandler.retire.selector;
        selectors[10] = TrialsHandler.close.selector;
        selectors[11] = TrialsHandler.release.selector;
        selectors[12] = TrialsHandler.thaw.selector;
        selectors[13] = TrialsHandler.gift.selector;
        targetSelector(address(handler), selectors);
    }

    function invariant_T1_EscrowIsWhatOpenTrialsHold() external view {
        uint256 held = leases.accountOf(address(trials)).free;
        assertEq(held, handler.escrow() + handler.gifts(), "escrow");
    }

    function invariant_T2_ATrialEndsOnceAndStaysEnded() external view {
        for (uint256 i = 0; i < handler.countCases(); ++i) {
            TrialsHandler.Case memory tried = handler.caseAt(i);
            assertEq(trials.isOpen(tried.trial), !tried.ended, "open");
            if (!tried.ended) assertTrue(leases.isFreed(tried.trial.lease, 0), "its penalty is held");
        }
    }

    function invariant_T3_NobodyIsConvictedBeforeItsTimeIsOver() external view {
        assertGt(handler.earliestConviction(), 0, "seconds after the last to answer");
    }

    function invariant_T4_WhatIsPaidAndBurnedIsWhatWasSeized() external view {
        assertEq(handler.paidToOthers() + handler.burned(), handler.seizedFromConvicts(), "parts");
        assertGe(handler.burned() * 100, handler.seizedFromConvicts() * 25, "burned");
        assertEq(leases.accountOf(address(0)).free, handler.burned(), "nobody else burns, nobody unburns");
    }

    function invariant_T5_AShareIsInOneTrialAtATime() external view {
        for (uint256 i = 0; i < handler.countCases(); ++i) {
            TrialsHandler.Case memory one = handler.caseAt(i);
            for (uint256 j = 0; j < i && trials.isOpen(one.trial); ++j) {
                TrialsHandler.Case memory other = handler.caseAt(j);
                bool both = other.item == one.item && trials.isOpen(other.trial);
                assertFalse(both, "two trials over one share");
            }
        }
    }

    function invariant_T6_ARetiredShareIsNotTriedForLiveness() external view {
        for (uint256 i = 0; i < handler.countCases(); ++i) {
            ITrials.Trial memory trial = handler.caseAt(i).trial;
            (, uint256 retiredAt) = leases.shareOf(trial.lease, 0);
            bool fine = trial.chunks != 0 || retiredAt == 0 || retiredAt >= trial.openedAt;
            assertTrue(fine, "retired before the challenge");
        }
    }

    function invariant_T7_ASeedIsOfALaterBlockAndDrawnOnce() external view {
        for (uint256 i = 0; i < handler.countCases(); ++i) {
            TrialsHandler.Case memory tried = handler.caseAt(i);
            if (tried.ended || tried.trial.chunks == 0) continue;
            ITrials.Draw memory lot = trials.drawOf(trials.trialIdOf(tried.trial));
            assertGt(lot.seedBlock, tried.inBlock, "the seed's block");
            assertEq(lot.seedBlock, tried.seedBlock, "the block in the books");
            assertEq(lot.provableUntil, tried.until, "until");
            assertEq(lot.seed, tried.seed, "the seed in the books");
        }
    }

    function invariant_T8_ConvictionsCostThoseInvolvedWhatIsBurned() external view {
        assertEq(handler.lostByTrios(), handler.burned(), "lost");
        uint256 outside = handler.escrow() + handler.gifts() + handler.burned() + handler.deposits();
        assertEq(handler.everyone() + outside, total, "coin");
    }
}
