// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITrials} from "../../ITrials.sol";
import {TrialsFixture} from "./TrialsFixture.sol";

/// @title TrialsStorageTest
/// @notice Trials over what a donor keeps for a renter.
contract TrialsStorageTest is TrialsFixture {
    function expectNoChallenge(ITrials.Deal memory deal, ITrials.Custody memory custody, bytes memory problem) private {
        vm.prank(renter);
        vm.expectRevert(problem);
        trials.challengeStorage(deal, custody);
    }

    function test_challengeStorage_RefusesAnyoneElse() external {
        ITrials.Deal memory deal = opened();
        ITrials.Custody memory custody = custodyOf(deal, donorKey);

        vm.prank(donor);
        vm.expectRevert(abi.encodeWithSelector(ITrials.Trials_NotAllowed.selector, donor, renter));
        trials.challengeStorage(deal, custody);
    }

    function test_challengeStorage_RefusesOneThatAnotherSigned() external {
        ITrials.Deal memory deal = opened();
        ITrials.Custody memory custody = custodyOf(deal, neighbourKey);

        expectNoChallenge(
            deal, custody, abi.encodeWithSelector(ITrials.Trials_BadCustody.selector, custody.dataRoot, CHUNKS)
        );
    }

    function test_challengeStorage_RefusesOneForAnotherShare() external {
        ITrials.Deal memory deal = opened();
        Plan memory p = plan();
        p.salt = bytes32(uint256(1));
        ITrials.Custody memory custody = custodyOf(opened(p), donorKey);

        expectNoChallenge(
            deal, custody, abi.encodeWithSelector(ITrials.Trials_BadCustody.selector, custody.dataRoot, CHUNKS)
        );
    }

    function test_challengeStorage_RefusesOneOfNoChunks() external {
        ITrials.Deal memory deal = opened();
        bytes32 root = dataTree()[0];
        ITrials.Custody memory custody = custodyOf(deal, donorKey, root, 0);

        expectNoChallenge(deal, custody, abi.encodeWithSelector(ITrials.Trials_BadCustody.selector, root, 0));
    }

    function test_challengeStorage_RefusesALeaseWhoseGraceIsOver() external {
        ITrials.Deal memory deal = opened();
        bytes32 lease = leases.leaseIdOf(deal.terms);
        vm.warp(deal.terms.endsAt + GRACE_S + 1);

        expectNoChallenge(
            deal, custodyOf(deal, donorKey), abi.encodeWithSelector(ITrials.Trials_NotRunning.selector, lease)
        );
    }

    function test_challengeStorage_RefusesAShareThatWasRetiredTwoTimesToAnswerAgo() external {
        ITrials.Deal memory deal = opened();
        bytes32 lease = leases.leaseIdOf(deal.terms);
        uint256 retiredAt = block.timestamp;
        vm.prank(donor);
        leases.retire(deal.terms, deal.share, deal.proof);
        vm.warp(retiredAt + 2 * ANSWER_S + 1);

        expectNoChallenge(
            deal,
            custodyOf(deal, donorKey),
            abi.encodeWithSelector(ITrials.Trials_Retired.selector, lease, 0, retiredAt)
        );
    }

    function test_challengeStorage_RefusesAShareThatRestsFromAProof() external {
        ITrials.Deal memory deal = opened();
        ITrials.Trial memory trial = drawn(deal);
        trials.prove(trial, samplesOf(trial));
        uint256 until = block.timestamp + ANSWER_S;
        vm.warp(until);

        expectNoChallenge(
            deal,
            custodyOf(deal, donorKey),
            abi.encodeWithSelector(ITrials.Trials_Resting.selector, trial.lease, 0, until)
        );
    }

    function test_challengeStorage_TakesThePenaltyAndTheBond() external {
        ITrials.Deal memory deal = opened();
        uint256 before = free(renter);

        challengedStorage(deal);

        assertEq(bonded(donor), STAKE - PENALTY, "the donor's stake");
        assertEq(free(renter), before - BOND, "the renter's coin");
        assertEq(free(address(trials)), PENALTY + BOND, "escrow");
    }

    function test_challengeStorage_OpensATrialWithASeedThatNobodyKnowsYet() external {
        ITrials.Deal memory deal = opened();
        ITrials.Trial memory trial = storageTrialOf(deal);
        uint256 trialId = trials.trialIdOf(trial);
        ITrials.Custody memory custody = custodyOf(deal, donorKey);

        vm.prank(renter);
        vm.expectEmit(address(trials));
        emit ITrials.TrialOpened(trialId, trial.lease, donor, trial);
        uint256 returned = trials.challengeStorage(deal, custody);

        assertEq(returned, trialId, "name");
        assertTrue(trials.isOpen(trial), "open");
        assertEq(trials.drawOf(trialId).seedBlock, block.number + 1, "the seed's block");
    }

    function test_challengeStorage_AcceptsAShareThatWasRetiredLately() external {
        ITrials.Deal memory deal = opened();
        vm.prank(donor);
        leases.retire(deal.terms, deal.share, deal.proof);
        vm.warp(block.timestamp + 2 * ANSWER_S);

        assertTrue(trials.isOpen(challengedStorage(deal)), "open");
    }

    function test_challengeStorage_AcceptsAShareThatRestsFromAnAnswer() external {
        ITrials.Deal memory deal = opened();
        ITrials.Trial memory trial = challenged(deal);
        vm.prank(donor);
        trials.answer(trial);

        assertTrue(trials.isOpen(challengedStorage(deal)), "open");
    }

    function expectNoDraw(ITrials.Trial memory trial, bytes4 problem) private {
        bytes memory revertData = abi.encodeWithSelector(problem, trials.trialIdOf(trial));
        vm.expectRevert(revertData);
        trials.draw(trial);
    }

    function test_draw_RefusesATrialThatIsNotOpen() external {
        expectNoDraw(storageTrialOf(opened()), ITrials.Trials_NotOpen.selector);
    }

    function test_draw_RefusesATrialOverLiveness() external {
        expectNoDraw(challenged(opened()), ITrials.Trials_WrongKind.selector);
    }

    function test_draw_RefusesASecondDraw() external {
        ITrials.Trial memory trial = drawn(opened());
        vm.roll(block.number + 300);

        expectNoDraw(trial, ITrials.Trials_AlreadyDrawn.selector);
    }

    function test_draw_RefusesToDraw() external {
        ITrials.Trial memory trial = challengedStorage(opened());
        uint256 seedBlock = block.number + 1;
        bytes memory problem =
            abi.encodeWithSelector(ITrials.Trials_DrawTooEarly.selector, trials.trialIdOf(trial), seedBlock);

        vm.expectRevert(problem);
        trials.draw(trial);
        vm.roll(seedBlock);
        vm.expectRevert(problem);
        trials.draw(trial);
    }

    function test_draw_SetsALaterOne() external {
        ITrials.Trial memory trial = challengedStorage(opened());
        uint256 trialId = trials.trialIdOf(trial);
        vm.roll(block.number + 1 + 257);

        vm.expectEmit(address(trials));
        emit ITrials.SeedPostponed(trialId, block.number + 1);
        trials.draw(trial);

        ITrials.Draw memory lot = trials.drawOf(trialId);
        assertEq(lot.seedBlock, block.number + 1, "the seed's block");
        assertEq(lot.provableUntil, 0, "until");
        assertTrue(trials.isOpen(trial), "open");
    }

    function test_draw_DrawsItsHashForAnyone() external {
        ITrials.Trial memory trial = challengedStorage(opened());
        uint256 trialId = trials.trialIdOf(trial);
        vm.roll(block.number + 2);
        bytes32 blockHash = keccak256("a block");
        vm.setBlockhash(block.number - 1, blockHash);
        uint128 seed = uint128(uint256(blockHash));

        vm.prank(donor);
        vm.expectEmit(address(trials));
        emit ITrials.SeedDrawn(trialId, seed, block.timestamp + ANSWER_S);
        trials.draw(trial);

        assertEq(trials.drawOf(trialId).seed, seed, "seed");
    }

    function test_draw_ReachesTheOldestBlock() external {
        ITrials.Trial memory trial = challengedStorage(opened());
        uint256 seedBlock = block.number + 1;
        vm.roll(seedBlock + 256);
        vm.setBlockhash(seedBlock, keccak256("an old block"));

        trials.draw(trial);

        assertEq(trials.drawOf(trials.trialIdOf(trial)).provableUntil, block.timestamp + ANSWER_S, "until");
    }

    function test_draw_GivesTheDonorItsFullTimeFromThen() external {
        ITrials.Trial memory trial = challengedStorage(opened());
        vm.warp(block.timestamp + 10 * ANSWER_S);
        vm.roll(block.number + 2);
        vm.setBlockhash(block.number - 1, keccak256("a block"));

        trials.draw(trial);

        assertEq(trials.answerableUntil(trial), block.timestamp + ANSWER_S, "until");
    }

    function expectNoProof(ITrials.Trial memory trial, ITrials.Sample[] memory samples, bytes memory problem) private {
        vm.expectRevert(problem);
        trials.prove(trial, samples);
    }

    function expectNoProof(ITrials.Trial memory trial, bytes4 problem) private {
        uint256 trialId = trials.trialIdOf(trial);
        expectNoProof(trial, new ITrials.Sample[](SAMPLES), abi.encodeWithSelector(problem, trialId));
    }

    function test_prove_RefusesATrialThatIsNotOpen() external {
        ITrials.Trial memory trial = drawn(opened());
        ITrials.Sample[] memory samples = samplesOf(trial);
        trials.prove(trial, samples);

        expectNoProof(trial, ITrials.Trials_NotOpen.selector);
    }

    function test_prove_RefusesATrialOverLiveness() external {
        expectNoProof(challenged(opened()), ITrials.Trials_WrongKind.selector);
    }

    function test_prove_RefusesBeforeTheDraw() external {
        expectNoProof(challengedStorage(opened()), ITrials.Trials_NotDrawn.selector);
    }

    function test_prove_RefusesOnceTheTimeIsOver() external {
        ITrials.Trial memory trial = drawn(opened());
        ITrials.Sample[] memory samples = samplesOf(trial);
        uint256 until = trials.answerableUntil(trial);
        vm.warp(until + 1);

        uint256 trialId = trials.trialIdOf(trial);
        expectNoProof(trial, samples, abi.encodeWithSelector(ITrials.Trials_TooLate.selector, trialId, until));
    }

    function expectWrongCount(uint256 count) private {
        ITrials.Trial memory trial = drawn(opened());
        uint256 trialId = trials.trialIdOf(trial);
        ITrials.Sample[] memory right = samplesOf(trial);
        ITrials.Sample[] memory samples = new ITrials.Sample[](count);
        for (uint256 i = 0; i < count; ++i) {
            samples[i] = right[i % SAMPLES];
        }

        expectNoProof(trial, samples, abi.encodeWithSelector(ITrials.Trials_WrongCount.selector, trialId, SAMPLES));
    }

    function test_prove_RefusesTooFew() external {
        expectWrongCount(SAMPLES - 1);
    }

    function test_prove_RefusesTooMany() external {
        expectWrongCount(SAMPLES + 1);
    }

    function expectBadSample(uint256 which, ITrials.Sample memory instead, ITrials.Trial memory trial) private {
        ITrials.Sample[] memory samples = samplesOf(trial);
        uint64 number = trials.drawn(trial)[which];
        samples[which] = instead;

        uint256 trialId = trials.trialIdOf(trial);
        expectNoProof(trial, samples, abi.encodeWithSelector(ITrials.Trials_BadSample.selector, trialId, which, number));
    }

    function test_prove_RefusesAnotherChunkInItsPlace() external {
        ITrials.Trial memory trial = drawn(opened());
        uint64 number = trials.drawn(trial)[2];

        expectBadSample(2, sampleOf((number + 1) % CHUNKS), trial);
    }

    function test_prove_RefusesAChunkThatWasAltered() external {
        ITrials.Trial memory trial = drawn(opened());
        ITrials.Sample memory sample = sampleOf(trials.drawn(trial)[SAMPLES - 1]);
        sample.chunk[0] ^= 0x01;

        expectBadSample(SAMPLES - 1, sample, trial);
    }

    function test_prove_RefusesAnInnerNodeAsAChunk() external {
        ITrials.Trial memory trial = drawn(opened());
        bytes32[] memory nodes = dataTree();
        ITrials.Sample memory sample = ITrials.Sample(abi.encode(nodes[1], nodes[2]), new bytes32[](0));

        expectBadSample(0, sample, trial);
    }

    function test_prove_AcceptsThemInTheLastSecond() external {
        ITrials.Trial memory trial = drawn(opened());
        ITrials.Sample[] memory samples = samplesOf(trial);
        vm.warp(trials.answerableUntil(trial));

        trials.prove(trial, samples);

        assertFalse(trials.isOpen(trial), "open");
    }

    function testFuzz_prove_AcceptsAnySeed(bytes32 blockHash) external {
        vm.assume(blockHash != 0);
        ITrials.Trial memory trial = challengedStorage(opened());
        vm.roll(block.number + 2);
        vm.setBlockhash(block.number - 1, blockHash);
        trials.draw(trial);

        trials.prove(trial, samplesOf(trial));

        assertEq(bonded(donor), STAKE, "stake");
    }

    function test_prove_RestoresTheStakeAndPaysTheBond() external {
        ITrials.Trial memory trial = drawn(opened());
        ITrials.Sample[] memory samples = samplesOf(trial);
        uint256 trialId = trials.trialIdOf(trial);

        vm.prank(challenger);
        vm.expectEmit(address(trials));
        emit ITrials.TrialEnded(trialId, donor, ITrials.Outcome.Proven);
        trials.prove(trial, samples);

        assertEq(bonded(donor), STAKE, "stake");
        assertEq(reserved(donor), PENALTY, "what is reserved of it");
        assertEq(free(donor), BOND, "the bond");
        assertEq(free(address(trials)), 0, "escrow");
        assertEq(trials.drawOf(trialId).seedBlock, 0, "the draw");
    }

    function test_answerableUntil_IsNothingBeforeTheDraw() external {
        assertEq(trials.answerableUntil(challengedStorage(opened())), 0, "until");
    }

    function test_answerableUntil_IsATimeToAnswerAfterTheDraw() external {
        assertEq(trials.answerableUntil(drawn(opened())), block.timestamp + ANSWER_S, "until");
    }

    function test_restsUntil_IsATimeToAnswerLaterForBoth() external {
        ITrials.Trial memory trial = drawn(opened());
        trials.prove(trial, samplesOf(trial));

        (uint256 liveness, uint256 custody) = trials.restsUntil(trial.lease, 0);

        assertEq(liveness, block.timestamp + ANSWER_S, "liveness");
        assertEq(custody, block.timestamp + ANSWER_S, "storage");
    }

    function test_drawOf_ShowsTheBlockAndThenTheSeed() external {
        ITrials.Trial memory trial = challengedStorage(opened());
        uint256 trialId = trials.trialIdOf(trial);
        uint256 seedBlock = block.number + 1;
        assertEq(abi.encode(trials.drawOf(trialId)), abi.encode(seedBlock, 0, 0), "before");
        vm.roll(seedBlock + 1);
        vm.setBlockhash(seedBlock, bytes32(uint256(77)));

        trials.draw(trial);

        assertEq(abi.encode(trials.drawOf(trialId)), abi.encode(seedBlock, block.timestamp + ANSWER_S, 77), "after");
    }

    function expectNothingDrawn(ITrials.Trial memory trial, bytes4 problem) private {
        bytes memory revertData = abi.encodeWithSelector(problem, trials.trialIdOf(trial));
        vm.expectRevert(revertData);
        trials.drawn(trial);
    }

    function test_drawn_RefusesATrialThatIsNotOpen() external {
        expectNothingDrawn(storageTrialOf(opened()), ITrials.Trials_NotOpen.selector);
    }

    function test_drawn_RefusesATrialOverLiveness() external {
        expectNothingDrawn(challenged(opened()), ITrials.Trials_WrongKind.selector);
    }

    function test_drawn_RefusesBeforeTheDraw() external {
        expectNothingDrawn(challengedStorage(opened()), ITrials.Trials_NotDrawn.selector);
    }

    function testFuzz_drawn_NamesChunksThatExist(bytes32 blockHash, uint64 chunks) external {
        vm.assume(blockHash != 0 && chunks != 0);
        ITrials.Deal memory deal = opened();
        ITrials.Trial memory trial = trialOf(deal, renter);
        (trial.dataRoot, trial.chunks) = ("root", chunks);
        ITrials.Custody memory custody = custodyOf(deal, donorKey, "root", chunks);
        vm.prank(renter);
        uint256 trialId = trials.challengeStorage(deal, custody);
        vm.roll(block.number + 2);
        vm.setBlockhash(block.number - 1, blockHash);
        trials.draw(trial);

        uint64[] memory numbers = trials.drawn(trial);

        assertEq(numbers.length, SAMPLES, "samples");
        for (uint256 i = 0; i < SAMPLES; ++i) {
            uint256 stated = uint256(keccak256(abi.encode(uint256(uint128(uint256(blockHash))), trialId, i))) % chunks;
            assertEq(numbers[i], stated, "as stated");
            assertLt(numbers[i], chunks, "a chunk that exists");
        }
    }
}
