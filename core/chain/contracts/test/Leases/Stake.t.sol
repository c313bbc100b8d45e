// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "../../ILeases.sol";
import {IVault} from "../../IVault.sol";
import {LeasesScene} from "./LeasesScene.sol";

contract LeasesStakeTest is LeasesScene {
    function test_release_RefusesAShareThatIsNotBehindTheRoot() external {
        bytes32 leaseId = quoted();
        ILeases.Share memory share = shares()[0];
        share.penalty += 1;
        bytes32[] memory proof = proofOf(shares(), 0);

        vm.expectRevert(unknown(leaseId, 0));
        vm.prank(rosa);
        leases.release(terms(), share, proof);
    }

    function test_release_RefusesStrangersWhileATrialIsPossible() external {
        bytes32 leaseId = quoted();
        uint256 until = endsAt + GRACE_S + TRIAL_WINDOW_S;
        vm.warp(until);
        ILeases.Share memory share = shares()[0];
        bytes32[] memory proof = proofOf(shares(), 0);

        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_ReleaseTooEarly.selector, leaseId, until));
        vm.prank(ada);
        leases.release(terms(), share, proof);
    }

    function test_release_IsForAnyoneOnceTheTrialWindowIsOver() external {
        bytes32 leaseId = quoted();
        vm.warp(endsAt + GRACE_S + TRIAL_WINDOW_S + 1);

        release(1, ada);

        assertTrue(leases.isFreed(leaseId, 1), "freed");
        assertAccount(bob, 0, STAKE, 0, 0);
    }

    function test_release_IsForASatisfiedRenterAtAnyTime() external {
        bytes32 leaseId = quoted();

        vm.expectEmit(address(leases));
        emit ILeases.ShareReleased(leaseId, ada, 0);
        release(0, rosa);
        release(2, session);

        assertAccount(ada, 0, STAKE, 0, 0);
        assertAccount(bob, 0, STAKE, PENALTY, 0);
        assertAccount(cleo, 0, STAKE, 0, 0);
        assertTrue(leases.isFreed(leaseId, 0), "Ada's");
        assertFalse(leases.isFreed(leaseId, 1), "Bob's");
        assertTrue(leases.isFreed(leaseId, 2), "Cleo's");
    }

    function test_release_RefusesALeaseThatWasNotQuoted() external {
        bytes32 leaseId = opened();

        refusesToRelease(leaseId);
    }

    function test_release_WorksOnce() external {
        bytes32 leaseId = quoted();
        release(0, rosa);

        refusesToRelease(leaseId);
    }

    function test_release_RefusesAShareThatWasSeized() external {
        bytes32 leaseId = quoted();
        seize(0, TRIALS);

        refusesToRelease(leaseId);
    }

    function test_seize_IsForTheTrialsAndTheCourtOnly() external {
        quoted();

        refusesToSeize(rosa, abi.encodeWithSelector(IVault.Vault_NotAllowed.selector, rosa));
    }

    function test_seize_RefusesAShareThatIsNotBehindTheRoot() external {
        bytes32 leaseId = quoted();
        ILeases.Share memory share = shares()[0];
        share.penalty += 1;
        bytes32[] memory proof = proofOf(shares(), 0);
        ILeases.Acceptance memory none;

        vm.expectRevert(unknown(leaseId, 0));
        vm.prank(TRIALS);
        leases.seize(terms(), share, proof, none);
    }

    function test_seize_RefusesALeaseThatWasNeverOpened() external {
        refusesToSeize(COURT, wrongStatus(leases.leaseIdOf(terms()), ILeases.Status.None));
    }

    function test_seize_RefusesOnceTheTrialWindowIsOver() external {
        bytes32 leaseId = quoted();
        uint256 until = endsAt + GRACE_S + TRIAL_WINDOW_S;
        vm.warp(until + 1);

        refusesToSeize(COURT, abi.encodeWithSelector(ILeases.Leases_TrialTooLate.selector, leaseId, until));
    }

    function test_seize_RefusesAShareThatWasReleased() external {
        bytes32 leaseId = quoted();
        release(0, rosa);

        refusesToSeize(COURT, nothingReserved(leaseId));
    }

    function test_seize_WorksOnce() external {
        bytes32 leaseId = opened();
        seize(0, COURT);

        refusesToSeize(TRIALS, nothingReserved(leaseId));
    }

    function test_seize_TakesTheReservedPenaltyOfAQuotedLease() external {
        bytes32 leaseId = quoted();
        vm.prank(rosa);
        leases.close(terms());
        vm.warp(block.timestamp + GRACE_S + TRIAL_WINDOW_S);
        leases.sweep(terms());

        vm.expectEmit(address(leases));
        emit IVault.Seized(ada, TRIALS, PENALTY);
        (bytes32 named, uint256 seized) = seize(0, TRIALS);

        assertEq(named, leaseId, "lease");
        assertEq(seized, PENALTY, "seized");
        assertAccount(ada, 0, STAKE - PENALTY, 0, 0);
        assertAccount(TRIALS, PENALTY, 0, 0, 0);
        assertTrue(leases.isFreed(leaseId, 0), "Ada's");
        assertFalse(leases.isFreed(leaseId, 1), "Bob's");
    }

    function test_seize_NeedsTheDonorsAcceptanceOfALeaseThatWasNotQuoted() external {
        bytes32 leaseId = opened();
        ILeases.Share memory share = shares()[0];
        bytes32[] memory proof = proofOf(shares(), 0);
        ILeases.Acceptance memory rosas = acceptanceOf(leases, sessionKey, leaseId, share, endsAt);

        vm.expectRevert(badAcceptance(0, ada));
        vm.prank(TRIALS);
        leases.seize(terms(), share, proof, rosas);
    }

    function test_seize_RefusesAnAcceptanceThatExpiredBeforeTheLeaseWasOpened() external {
        bytes32 leaseId = opened();
        ILeases.Share memory share = shares()[0];
        bytes32[] memory proof = proofOf(shares(), 0);
        uint64 expired = uint64(block.timestamp) - 1;
        ILeases.Acceptance memory late = acceptanceOf(leases, adaKey, leaseId, share, expired);

        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_AcceptanceExpired.selector, 0, ada, expired));
        vm.prank(TRIALS);
        leases.seize(terms(), share, proof, late);
    }

    function test_seize_TakesThePenaltyFromUnreservedStakeFirst() external {
        bytes32 leaseId = opened();
        vm.prank(ada);
        leases.thaw(20);

        vm.expectEmit(address(leases));
        emit IVault.Seized(ada, COURT, PENALTY);
        (bytes32 named, uint256 seized) = seize(0, COURT);

        assertEq(named, leaseId, "lease");
        assertEq(seized, PENALTY, "seized");
        assertAccount(ada, 0, STAKE - 20 - PENALTY, 0, 20);
        assertAccount(COURT, PENALTY, 0, 0, 0);
    }

    function testFuzz_seize_TakesWhatIsThereOfUnreservedAndThawingStake(uint128 thaws, uint128 pledged) external {
        opened();
        thaws = uint128(bound(thaws, 0, STAKE));
        pledged = uint128(bound(pledged, 0, STAKE - thaws));
        vm.prank(ada);
        leases.thaw(thaws);
        vm.prank(COURT);
        leases.reserve(ada, pledged);
        uint128 unreserved = STAKE - thaws - pledged;

        (, uint256 seized) = seize(0, TRIALS);

        uint128 fromStake = unreserved < PENALTY ? unreserved : PENALTY;
        uint128 fromThawing = thaws < PENALTY - fromStake ? thaws : PENALTY - fromStake;
        assertEq(seized, fromStake + fromThawing, "seized");
        assertAccount(ada, 0, STAKE - thaws - fromStake, pledged, thaws - fromThawing);
        assertAccount(TRIALS, seized, 0, 0, 0);
    }

    function test_restore_IsForTheTrialsAndTheCourtOnly() external {
        bytes32 leaseId = quoted();

        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_NotAllowed.selector, rosa));
        vm.prank(rosa);
        leases.restore(leaseId, 0, ada, PENALTY);
    }

    function test_restore_RefusesWhatTheJudgeNoLongerHas() external {
        bytes32 leaseId = quoted();
        seize(0, TRIALS);

        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_NotEnoughFree.selector, COURT, PENALTY, 0));
        vm.prank(COURT);
        leases.restore(leaseId, 0, ada, PENALTY);
    }

    function test_restore_ReservesThePenaltyOfAQuotedLeaseAgain() external {
        bytes32 leaseId = quoted();
        seize(0, TRIALS);
        seize(1, TRIALS);

        vm.expectEmit(address(leases));
        emit IVault.Restored(ada, TRIALS, PENALTY);
        vm.prank(TRIALS);
        leases.restore(leaseId, 0, ada, PENALTY);

        assertAccount(ada, 0, STAKE, PENALTY, 0);
        assertAccount(TRIALS, PENALTY, 0, 0, 0);
        assertFalse(leases.isFreed(leaseId, 0), "Ada's");
        assertTrue(leases.isFreed(leaseId, 1), "Bob's");
    }

    function test_restore_GivesTheStakeBackWhereNothingWasReserved() external {
        bytes32 leaseId = opened();
        vm.prank(ada);
        leases.thaw(STAKE);
        seize(0, COURT);

        vm.prank(COURT);
        leases.restore(leaseId, 0, ada, PENALTY);

        assertAccount(ada, 0, PENALTY, 0, STAKE - PENALTY);
        assertAccount(COURT, 0, 0, 0, 0);
        assertFalse(leases.isFreed(leaseId, 0), "freed");
    }
}
