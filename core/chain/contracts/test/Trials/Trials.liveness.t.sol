// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "../../ILeases.sol";
import {ITrials} from "../../ITrials.sol";
import {IVault} from "../../IVault.sol";
import {Leases} from "../../Leases.sol";
import {Trials} from "../../Trials.sol";
import {TrialsFixture} from "./TrialsFixture.sol";

/// @title TrialsLivenessTest
/// @notice The rules, and trials over liveness.
contract TrialsLivenessTest is TrialsFixture {
    function expectBadRule(ITrials.Rules memory rules, string memory name) private {
        Leases others = new Leases(address(coin), created(5), address(0xC0047), periods());
        vm.expectRevert(abi.encodeWithSelector(ITrials.Trials_BadParameter.selector, name));
        new Trials(others, rules);
    }

    function test_constructor_RefusesLeasesThatNameOtherTrials() external {
        vm.expectRevert(abi.encodeWithSelector(ITrials.Trials_BadParameter.selector, "leases"));
        new Trials(leases, theRules());
    }

    function test_constructor_RefusesAChallengeThatCostsNothing() external {
        expectBadRule(ITrials.Rules(0, 0, ANSWER_S, SAMPLES, 25, 10), "minBond");
    }

    function test_constructor_RefusesABondBeyondThePenalty() external {
        expectBadRule(ITrials.Rules(BOND, 101, ANSWER_S, SAMPLES, 25, 10), "bondPercent");
    }

    function test_constructor_RefusesNoTimeToAnswer() external {
        expectBadRule(ITrials.Rules(BOND, 0, 0, SAMPLES, 25, 10), "answerS");
    }

    function test_constructor_RefusesATimeToAnswerOfHalfTheTrialWindow() external {
        expectBadRule(ITrials.Rules(BOND, 0, TRIAL_WINDOW_S / 2, SAMPLES, 25, 10), "answerS");
    }

    function test_constructor_RefusesAProofOfNoSamples() external {
        expectBadRule(ITrials.Rules(BOND, 0, ANSWER_S, 0, 25, 10), "samples");
    }

    function test_constructor_RefusesToBurnLessThanATenth() external {
        expectBadRule(ITrials.Rules(BOND, 0, ANSWER_S, SAMPLES, 9, 10), "burnPercent");
    }

    function test_constructor_RefusesAChallengersPartAboveFifteenPercent() external {
        expectBadRule(ITrials.Rules(BOND, 0, ANSWER_S, SAMPLES, 25, 16), "challengerPercent");
    }

    function test_constructor_RefusesToLeaveTheRenterLessThanHalf() external {
        expectBadRule(ITrials.Rules(BOND, 0, ANSWER_S, SAMPLES, 36, 15), "burnPercent");
    }

    function testFuzz_constructor_KeepsThem(
        uint96 bond,
        uint8 bondPercent,
        uint32 answerS,
        uint8 samples,
        uint8 burn,
        uint8 forChallenger
    ) external {
        forChallenger = uint8(bound(forChallenger, 0, 15));
        ITrials.Rules memory rules = ITrials.Rules(
            uint96(bound(bond, 1, type(uint96).max)),
            uint8(bound(bondPercent, 0, 100)),
            uint32(bound(answerS, 1, TRIAL_WINDOW_S / 2 - 1)),
            uint8(bound(samples, 1, 255)),
            uint8(bound(burn, 10, 50 - forChallenger)),
            forChallenger
        );
        Leases others = new Leases(address(coin), created(5), address(0xC0047), periods());

        Trials made = new Trials(others, rules);

        assertEq(abi.encode(made.rules()), abi.encode(rules), "rules");
    }

    function testFuzz_bondOf_IsThePercentageOfWhatIsSeizedButTheLeastBondAtLeast(uint96 seized, uint8 percent)
        external
    {
        percent = uint8(bound(percent, 0, 100));
        Leases others = new Leases(address(coin), created(5), address(0xC0047), periods());
        Trials made = new Trials(others, ITrials.Rules(BOND, percent, ANSWER_S, SAMPLES, 25, 10));

        uint256 bond = made.bondOf(seized);

        uint256 part = (uint256(seized) * percent) / 100;
        assertEq(bond, part > BOND ? part : BOND, "bond");
    }

    function expectNoChallenge(ITrials.Deal memory deal, bytes memory problem) private {
        vm.prank(challenger);
        vm.expectRevert(problem);
        trials.challenge(deal);
    }

    function test_challenge_RefusesAShareThatIsNotBehindTheRoot() external {
        ITrials.Deal memory deal = opened();
        bytes32 lease = leases.leaseIdOf(deal.terms);
        deal.share.penalty = 1;

        expectNoChallenge(deal, abi.encodeWithSelector(ILeases.Leases_UnknownShare.selector, lease, 0));
    }

    function test_challenge_RefusesALeaseThatWasNeverOpened() external {
        ITrials.Deal memory deal = planned(plan());
        bytes32 lease = leases.leaseIdOf(deal.terms);

        expectNoChallenge(deal, abi.encodeWithSelector(ILeases.Leases_WrongStatus.selector, lease, ILeases.Status.None));
    }

    function test_challenge_RefusesALeaseWhoseGraceIsOver() external {
        ITrials.Deal memory deal = opened();
        bytes32 lease = leases.leaseIdOf(deal.terms);
        vm.warp(deal.terms.endsAt + GRACE_S + 1);

        expectNoChallenge(deal, abi.encodeWithSelector(ITrials.Trials_NotRunning.selector, lease));
    }

    function test_challenge_RefusesARetiredShare() external {
        ITrials.Deal memory deal = opened();
        bytes32 lease = leases.leaseIdOf(deal.terms);
        vm.prank(donor);
        leases.retire(deal.terms, deal.share, deal.proof);

        expectNoChallenge(deal, abi.encodeWithSelector(ITrials.Trials_Retired.selector, lease, 0, block.timestamp));
    }

    function test_challenge_RefusesAShareThatIsOnTrial() external {
        ITrials.Deal memory deal = opened();
        ITrials.Trial memory trial = challenged(deal);
        vm.warp(block.timestamp + ANSWER_S + 1);

        expectNoChallenge(deal, abi.encodeWithSelector(ILeases.Leases_NothingReserved.selector, trial.lease, 0));
    }

    function test_challenge_RefusesAShareThatWasConvicted() external {
        ITrials.Deal memory deal = opened();
        ITrials.Trial memory trial = challenged(deal);
        vm.warp(block.timestamp + ANSWER_S + 1);
        trials.conclude(trial);

        expectNoChallenge(deal, abi.encodeWithSelector(ILeases.Leases_NothingReserved.selector, trial.lease, 0));
    }

    function test_challenge_RefusesAShareThatRests() external {
        ITrials.Deal memory deal = opened();
        ITrials.Trial memory trial = challenged(deal);
        vm.prank(donor);
        trials.answer(trial);
        uint256 until = block.timestamp + ANSWER_S;
        vm.warp(until);

        expectNoChallenge(deal, abi.encodeWithSelector(ITrials.Trials_Resting.selector, trial.lease, 0, until));
    }

    function test_challenge_RefusesAShareWithoutAPenalty() external {
        Plan memory p = plan();
        p.penalty = 0;
        ITrials.Deal memory deal = opened(p);

        expectNoChallenge(deal, abi.encodeWithSelector(ITrials.Trials_NothingAtStake.selector));
    }

    function test_challenge_RefusesAChallengerThatCannotPayTheBond() external {
        ITrials.Deal memory deal = opened();
        address poor = addressOf("poor");
        hasFree(poor, BOND - 1);

        vm.prank(poor);
        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_NotEnoughFree.selector, poor, BOND, BOND - 1));
        trials.challenge(deal);
    }

    function test_challenge_RefusesItWithoutTheDonorsAcceptance() external {
        ITrials.Deal memory deal = openedUnquoted();
        deal.acceptance.seats = 2;

        expectNoChallenge(deal, abi.encodeWithSelector(ILeases.Leases_BadAcceptance.selector, 0, donor));
    }

    function test_challenge_RefusesAnAcceptanceThatHadExpiredBeforeTheLeaseWasOpened() external {
        Plan memory p = plan();
        ITrials.Deal memory deal = planned(p);
        vm.warp(block.timestamp + 1);
        vm.prank(renter);
        leases.open(deal.terms);

        bytes4 problem = ILeases.Leases_AcceptanceExpired.selector;
        expectNoChallenge(deal, abi.encodeWithSelector(problem, 0, donor, deal.acceptance.expiresAt));
    }

    function test_challenge_RefusesADonorWithoutStake() external {
        Plan memory p = plan();
        (, p.donorKey) = account("a donor without stake");
        p.quoted = false;

        expectNoChallenge(opened(p), abi.encodeWithSelector(ITrials.Trials_NothingAtStake.selector));
    }

    function test_challenge_TakesThePenaltyAndTheBond() external {
        ITrials.Deal memory deal = opened();
        uint256 before = free(challenger);

        challenged(deal);

        assertEq(bonded(donor), STAKE - PENALTY, "the donor's stake");
        assertEq(reserved(donor), 0, "what is reserved of it");
        assertEq(free(challenger), before - BOND, "the challenger's coin");
        assertEq(free(address(trials)), PENALTY + BOND, "escrow");
        assertEq(leases.accountOf(donor).since, 0, "age");
    }

    function test_challenge_OpensATrialByName() external {
        ITrials.Deal memory deal = opened();
        ITrials.Trial memory trial = trialOf(deal, challenger);
        uint256 trialId = trials.trialIdOf(trial);

        vm.prank(challenger);
        vm.expectEmit(address(trials));
        emit ITrials.TrialOpened(trialId, trial.lease, donor, trial);
        uint256 returned = trials.challenge(deal);

        assertEq(returned, trialId, "name");
        assertTrue(trials.isOpen(trial), "open");
    }

    function test_challenge_TakesWhatStakeThereIsWhereTheLeaseWasNotQuoted() external {
        ITrials.Deal memory deal = openedUnquoted();
        ITrials.Trial memory trial = trialOf(deal, challenger);
        vm.prank(donor);
        leases.thaw(STAKE - 3);
        Plan memory other = plan();
        (other.salt, other.penalty) = (bytes32(uint256(1)), 3);
        opened(other);
        vm.warp(block.timestamp + 1);
        trial.openedAt += 1;

        vm.prank(challenger);
        trials.challenge(deal);

        assertTrue(trials.isOpen(trial), "the whole penalty was there, thawing");
        assertEq(leases.accountOf(donor).thawing, STAKE - 3 - PENALTY, "thawing");
        assertEq(bonded(donor), 3, "what is reserved for another lease");
    }

    function test_challenge_AcceptsTheLastSecondOfTheGrace() external {
        ITrials.Deal memory deal = opened();
        vm.warp(deal.terms.endsAt + GRACE_S);

        assertTrue(trials.isOpen(challenged(deal)), "open");
    }

    function test_challenge_AcceptsALeaseThatWasClosed() external {
        ITrials.Deal memory deal = opened();
        vm.prank(renter);
        leases.close(deal.terms);
        vm.warp(block.timestamp + GRACE_S);

        assertTrue(trials.isOpen(challenged(deal)), "open");
    }

    function test_challenge_NeedsNoAcceptanceWhereTheLeaseWasQuoted() external {
        ITrials.Deal memory deal = opened();
        delete deal.acceptance;

        assertTrue(trials.isOpen(challenged(deal)), "open");
    }

    function test_challenge_AcceptsAShareThatHasRested() external {
        ITrials.Deal memory deal = opened();
        ITrials.Trial memory first = challenged(deal);
        vm.prank(donor);
        trials.answer(first);
        vm.warp(block.timestamp + ANSWER_S + 1);

        ITrials.Trial memory second = challenged(deal);

        assertTrue(trials.isOpen(second), "open");
        assertFalse(trials.isOpen(first), "the first again");
    }

    function expectNoAnswer(ITrials.Trial memory trial, bytes4 problem) private {
        bytes memory revertData = abi.encodeWithSelector(problem, trials.trialIdOf(trial));
        vm.prank(donor);
        vm.expectRevert(revertData);
        trials.answer(trial);
    }

    function test_answer_RefusesOneThatNeverWas() external {
        expectNoAnswer(trialOf(opened(), challenger), ITrials.Trials_NotOpen.selector);
    }

    function test_answer_RefusesASecondAnswer() external {
        ITrials.Trial memory trial = challenged(opened());
        vm.prank(donor);
        trials.answer(trial);

        expectNoAnswer(trial, ITrials.Trials_NotOpen.selector);
    }

    function test_answer_RefusesOneOverStorage() external {
        expectNoAnswer(drawn(opened()), ITrials.Trials_WrongKind.selector);
    }

    function test_answer_RefusesThem() external {
        ITrials.Trial memory trial = challenged(opened());

        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(ITrials.Trials_NotAllowed.selector, challenger, donor));
        trials.answer(trial);
    }

    function test_answer_RefusesTheDonor() external {
        ITrials.Trial memory trial = challenged(opened());
        uint256 until = trial.openedAt + ANSWER_S;
        bytes memory problem = abi.encodeWithSelector(ITrials.Trials_TooLate.selector, trials.trialIdOf(trial), until);
        vm.warp(until + 1);

        vm.prank(donor);
        vm.expectRevert(problem);
        trials.answer(trial);
    }

    function test_answer_AcceptsTheLastSecond() external {
        ITrials.Trial memory trial = challenged(opened());
        vm.warp(trial.openedAt + ANSWER_S);

        vm.prank(donor);
        trials.answer(trial);

        assertFalse(trials.isOpen(trial), "open");
    }

    function test_answer_RestoresTheStakeAndPaysTheBond() external {
        ITrials.Trial memory trial = challenged(opened());

        vm.prank(donor);
        trials.answer(trial);

        assertEq(bonded(donor), STAKE, "stake");
        assertEq(reserved(donor), PENALTY, "what is reserved of it");
        assertEq(free(donor), BOND, "the bond");
        assertEq(free(address(trials)), 0, "escrow");
        assertFalse(leases.isFreed(trial.lease, 0), "freed");
    }

    function test_answer_RestoresTheStakeWhereTheLeaseWasNotQuoted() external {
        ITrials.Trial memory trial = challenged(openedUnquoted());

        vm.prank(donor);
        trials.answer(trial);

        assertEq(bonded(donor), STAKE, "stake");
        assertEq(reserved(donor), 0, "what is reserved of it");
        assertEq(free(donor), BOND, "the bond");
    }

    function test_answer_RestoresTheStakeAfterTheTrialWindow() external {
        ITrials.Deal memory deal = opened();
        vm.prank(renter);
        leases.close(deal.terms);
        vm.warp(block.timestamp + GRACE_S);
        ITrials.Trial memory trial = challenged(deal);
        vm.warp(block.timestamp + ANSWER_S);
        vm.prank(donor);
        trials.answer(trial);
        vm.warp(block.timestamp + TRIAL_WINDOW_S);

        leases.release(deal.terms, deal.share, deal.proof);

        assertEq(reserved(donor), 0, "reserved");
        assertEq(bonded(donor), STAKE, "stake");
    }

    function test_answer_EndsTheTrial() external {
        ITrials.Trial memory trial = challenged(opened());
        uint256 trialId = trials.trialIdOf(trial);

        vm.prank(donor);
        vm.expectEmit(address(trials));
        emit ITrials.TrialEnded(trialId, donor, ITrials.Outcome.Answered);
        trials.answer(trial);
    }

    function test_answer_AcceptsADonorThatHasRetiredSince() external {
        ITrials.Deal memory deal = opened();
        ITrials.Trial memory trial = challenged(deal);
        vm.startPrank(donor);
        leases.retire(deal.terms, deal.share, deal.proof);

        trials.answer(trial);

        assertEq(bonded(donor), STAKE, "stake");
    }

    function expectNoSignedAnswer(ITrials.Trial memory trial, bytes32 r, bytes32 vs, bytes memory problem) private {
        vm.expectRevert(problem);
        trials.answerSigned(trial, r, vs);
    }

    function test_answerSigned_RefusesIt() external {
        ITrials.Trial memory trial = challenged(opened());
        (bytes32 r, bytes32 vs) = answerOf(trial, neighbourKey);
        bytes memory problem = abi.encodeWithSelector(ITrials.Trials_BadAnswer.selector, trials.trialIdOf(trial));

        expectNoSignedAnswer(trial, r, vs, problem);
        expectNoSignedAnswer(trial, 0, 0, problem);
    }

    function test_answerSigned_RefusesItAsWell() external {
        ITrials.Deal memory deal = opened();
        ITrials.Trial memory first = challenged(deal);
        (bytes32 r, bytes32 vs) = answerOf(first, donorKey);
        trials.answerSigned(first, r, vs);
        vm.warp(block.timestamp + ANSWER_S + 1);
        ITrials.Trial memory second = challenged(deal);

        bytes memory problem = abi.encodeWithSelector(ITrials.Trials_BadAnswer.selector, trials.trialIdOf(second));
        expectNoSignedAnswer(second, r, vs, problem);
    }

    function test_answerSigned_RefusesThis() external {
        ITrials.Trial memory trial = drawn(opened());
        (bytes32 r, bytes32 vs) = answerOf(trial, donorKey);

        bytes memory problem = abi.encodeWithSelector(ITrials.Trials_WrongKind.selector, trials.trialIdOf(trial));
        expectNoSignedAnswer(trial, r, vs, problem);
    }

    function test_answerSigned_RefusesTheAnswer() external {
        ITrials.Trial memory trial = challenged(opened());
        (bytes32 r, bytes32 vs) = answerOf(trial, donorKey);
        uint256 until = trial.openedAt + ANSWER_S;
        vm.warp(until + 1);

        uint256 trialId = trials.trialIdOf(trial);
        expectNoSignedAnswer(trial, r, vs, abi.encodeWithSelector(ITrials.Trials_TooLate.selector, trialId, until));
    }

    function test_answerSigned_RestoresTheStakeWhoeverSendsIt() external {
        ITrials.Trial memory trial = challenged(opened());
        (bytes32 r, bytes32 vs) = answerOf(trial, donorKey);

        vm.prank(challenger);
        trials.answerSigned(trial, r, vs);

        assertEq(bonded(donor), STAKE, "stake");
        assertEq(free(donor), BOND, "the bond");
        assertEq(free(address(trials)), 0, "escrow");
    }

    function expectNoConclusion(ITrials.Trial memory trial, bytes memory problem) private {
        vm.expectRevert(problem);
        trials.conclude(trial);
    }

    function expectNotOpen(ITrials.Trial memory trial) private {
        expectNoConclusion(trial, abi.encodeWithSelector(ITrials.Trials_NotOpen.selector, trials.trialIdOf(trial)));
    }

    function test_conclude_RefusesOneThatNeverWas() external {
        ITrials.Trial memory trial = challenged(opened());
        vm.warp(block.timestamp + ANSWER_S + 1);
        trial.challenger = neighbour;

        expectNotOpen(trial);
    }

    function test_conclude_RefusesOneThatWasAnswered() external {
        ITrials.Trial memory trial = challenged(opened());
        vm.prank(donor);
        trials.answer(trial);
        vm.warp(block.timestamp + ANSWER_S + 1);

        expectNotOpen(trial);
    }

    function test_conclude_RefusesOneThatWasProven() external {
        ITrials.Trial memory trial = drawn(opened());
        trials.prove(trial, samplesOf(trial));
        vm.warp(block.timestamp + ANSWER_S + 1);

        expectNotOpen(trial);
    }

    function test_conclude_RefusesASecondTime() external {
        ITrials.Trial memory trial = challenged(opened());
        vm.warp(block.timestamp + ANSWER_S + 1);
        trials.conclude(trial);

        expectNotOpen(trial);
    }

    function test_conclude_RefusesTheLastSecond() external {
        ITrials.Trial memory trial = challenged(opened());
        uint256 until = trial.openedAt + ANSWER_S;
        vm.warp(until);

        uint256 trialId = trials.trialIdOf(trial);
        expectNoConclusion(trial, abi.encodeWithSelector(ITrials.Trials_TooEarly.selector, trialId, until));
    }

    function test_conclude_RefusesATrialOverStorageWhoseSeedWasNotDrawn() external {
        ITrials.Trial memory trial = challengedStorage(opened());
        vm.warp(block.timestamp + 2 * ANSWER_S);

        uint256 trialId = trials.trialIdOf(trial);
        expectNoConclusion(trial, abi.encodeWithSelector(ITrials.Trials_TooEarly.selector, trialId, 0));
    }

    function test_conclude_SharesOutThePenaltyWhoeverSendsIt() external {
        ITrials.Trial memory trial = challenged(opened());
        (uint256 rentersBefore, uint256 challengersBefore) = (free(renter), free(challenger));
        uint256 trialId = trials.trialIdOf(trial);
        vm.warp(block.timestamp + ANSWER_S + 1);

        vm.expectEmit(address(trials));
        emit ITrials.TrialEnded(trialId, donor, ITrials.Outcome.Convicted);
        vm.expectEmit(address(trials));
        emit ITrials.PenaltyPaid(trial.lease, donor, challenger, 0, 650_001, 100_000, 250_002);
        vm.prank(neighbour);
        trials.conclude(trial);

        assertEq(free(renter) - rentersBefore, 650_001, "the renter's part");
        assertEq(free(challenger) - challengersBefore, 100_000 + BOND, "the challenger's part and its bond");
        assertEq(free(address(0)), 250_002, "burned");
        assertEq(free(address(trials)), 0, "escrow");
        assertEq(bonded(donor), STAKE - PENALTY, "stake");
    }

    function testFuzz_conclude_SharesOutAnyPenaltyToTheUnit(uint128 penalty, uint8 burn, uint8 forChallenger) external {
        forChallenger = uint8(bound(forChallenger, 0, 15));
        burn = uint8(bound(burn, 10, 50 - forChallenger));
        leases = new Leases(address(coin), created(5), address(0xC0047), periods());
        trials = new Trials(leases, ITrials.Rules(BOND, 0, ANSWER_S, SAMPLES, burn, forChallenger));
        Plan memory p = plan();
        p.penalty = uint128(bound(penalty, 1, 10_000 ether));
        hasFree(renter, 1);
        hasFree(challenger, BOND);
        hasBonded(donor, p.penalty);
        hasBonded(neighbour, NEIGHBOURS_PENALTY);
        ITrials.Trial memory trial = challenged(opened(p));
        vm.warp(block.timestamp + ANSWER_S + 1);

        trials.conclude(trial);

        (uint256 toRenter, uint256 toChallenger) = (free(renter), free(challenger) - BOND);
        assertEq(toRenter + toChallenger + free(address(0)), p.penalty, "parts");
        assertGe(free(address(0)) * 100, uint256(p.penalty) * burn, "burned");
        assertLe(toChallenger * 100, uint256(p.penalty) * forChallenger, "the challenger's part");
        assertLt(uint256(p.penalty) * (100 - burn - forChallenger), (toRenter + 1) * 100, "the renter's part");
        assertEq(free(address(trials)), 0, "escrow");
    }

    function test_conclude_ConvictsOverStorageAsWell() external {
        ITrials.Trial memory trial = drawn(opened());
        uint256 before = free(renter);
        vm.warp(trials.answerableUntil(trial) + 1);

        trials.conclude(trial);

        assertEq(free(renter) - before, 650_001 + 100_000 + BOND, "the renter was the challenger");
        assertEq(free(address(0)), 250_002, "burned");
        assertEq(trials.drawOf(trials.trialIdOf(trial)).seedBlock, 0, "the draw");
    }

    function test_conclude_ConvictsADonorThatRetiredAfterTheChallenge() external {
        ITrials.Deal memory deal = opened();
        ITrials.Trial memory trial = challenged(deal);
        vm.prank(donor);
        leases.retire(deal.terms, deal.share, deal.proof);
        vm.warp(block.timestamp + ANSWER_S + 1);

        trials.conclude(trial);

        assertEq(bonded(donor), STAKE - PENALTY, "stake");
    }

    function test_conclude_StartsTheDonorsAgeAnew() external {
        ITrials.Trial memory trial = challenged(opened());
        vm.warp(block.timestamp + ANSWER_S + 1);

        trials.conclude(trial);

        assertEq(leases.accountOf(donor).since, block.timestamp, "since");
    }

    function test_trialIdOf_DiffersWithEveryField() external view {
        ITrials.Trial memory trial = ITrials.Trial(0, 0, address(0), address(0), address(0), 0, 0, 0, 0);
        bytes memory packed = abi.encode(trial);
        uint256 name = trials.trialIdOf(trial);
        assertEq(name, uint256(keccak256(packed)), "the hash");
        for (uint256 field = 0; field < 9; ++field) {
            packed = abi.encode(trial);
            packed[32 * field + 31] = 0x01;
            assertNotEq(trials.trialIdOf(abi.decode(packed, (ITrials.Trial))), name, "field");
        }
    }

    function test_isOpen_SaysSo() external {
        assertTrue(trials.isOpen(challenged(opened())), "open");
    }

    function test_isOpen_SaysNo() external {
        ITrials.Deal memory deal = opened();
        assertFalse(trials.isOpen(trialOf(deal, challenger)), "never opened");
    }

    function test_answerableUntil_Refuses() external {
        ITrials.Trial memory trial = trialOf(opened(), challenger);
        bytes memory problem = abi.encodeWithSelector(ITrials.Trials_NotOpen.selector, trials.trialIdOf(trial));

        vm.expectRevert(problem);
        trials.answerableUntil(trial);
    }

    function test_answerableUntil_IsATimeToAnswerAfterTheChallenge() external {
        ITrials.Trial memory trial = challenged(opened());
        assertEq(trials.answerableUntil(trial), block.timestamp + ANSWER_S, "until");
    }

    function test_restsUntil_IsZero() external view {
        (uint256 liveness, uint256 custody) = trials.restsUntil(bytes32(uint256(1)), 0);
        assertEq(liveness + custody, 0, "rest");
    }

    function test_restsUntil_IsATimeToAnswerLaterForLivenessAlone() external {
        ITrials.Trial memory trial = challenged(opened());
        vm.prank(donor);
        trials.answer(trial);

        (uint256 liveness, uint256 custody) = trials.restsUntil(trial.lease, 0);

        assertEq(liveness, block.timestamp + ANSWER_S, "liveness");
        assertEq(custody, 0, "storage");
    }

    function test_rules_StatesThem() external view {
        assertEq(abi.encode(trials.rules()), abi.encode(theRules()), "rules");
    }

    function test_leases_NamesThem() external view {
        assertEq(address(trials.leases()), address(leases), "leases");
    }
}
