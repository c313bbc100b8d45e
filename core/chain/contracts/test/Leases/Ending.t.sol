// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "../../ILeases.sol";
import {LeasesScene} from "./LeasesScene.sol";

contract LeasesEndingTest is LeasesScene {
    function test_retire_IsForTheSharesDonorOnly() external {
        opened();
        ILeases.Share memory share = shares()[0];
        bytes32[] memory proof = proofOf(shares(), 0);

        vm.expectRevert(notAllowed(rosa, ada));
        vm.prank(rosa);
        leases.retire(terms(), share, proof);
    }

    function test_retire_RefusesAShareThatIsNotBehindTheRoot() external {
        bytes32 leaseId = opened();
        ILeases.Share memory share = shares()[0];
        share.donor = bob;
        bytes32[] memory proof = proofOf(shares(), 0);

        vm.expectRevert(unknown(leaseId, 0));
        vm.prank(bob);
        leases.retire(terms(), share, proof);
    }

    function test_retire_RefusesALeaseThatWasNeverOpened() external {
        ILeases.Share memory share = shares()[0];
        bytes32[] memory proof = proofOf(shares(), 0);

        vm.expectRevert(wrongStatus(leases.leaseIdOf(terms()), ILeases.Status.None));
        vm.prank(ada);
        leases.retire(terms(), share, proof);
    }

    function test_retire_WorksOnce() external {
        bytes32 leaseId = opened();
        retire(0, ada);
        uint256 first = block.timestamp;
        vm.warp(first + 1);
        ILeases.Share memory share = shares()[0];
        bytes32[] memory proof = proofOf(shares(), 0);

        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_AlreadyRetired.selector, leaseId, 0));
        vm.prank(ada);
        leases.retire(terms(), share, proof);

        assertEq(retiredAt(leaseId, 0), first, "retired at");
    }

    function test_retire_TellsWhenAndLeavesTheOtherSharesAlone() external {
        bytes32 leaseId = opened();

        vm.expectEmit(address(leases));
        emit ILeases.ShareRetired(leaseId, bob, 1);
        retire(1, bob);

        assertEq(retiredAt(leaseId, 0), 0, "Ada's");
        assertEq(retiredAt(leaseId, 1), block.timestamp, "Bob's");
        assertEq(retiredAt(leaseId, 2), 0, "Cleo's");
        assertPaid(leaseId, 1, 0);
    }

    function test_close_IsForTheRenterAndTheSessionKeyOnly() external {
        opened();

        vm.expectRevert(notAllowed(ada, rosa));
        vm.prank(ada);
        leases.close(terms());
    }

    function test_close_RefusesALeaseThatWasNeverOpened() external {
        vm.expectRevert(wrongStatus(leases.leaseIdOf(terms()), ILeases.Status.None));
        vm.prank(rosa);
        leases.close(terms());
    }

    function test_close_WorksOnce() external {
        bytes32 leaseId = opened();
        vm.prank(rosa);
        leases.close(terms());
        vm.warp(block.timestamp + 1);

        vm.expectRevert(wrongStatus(leaseId, ILeases.Status.Closing));
        vm.prank(session);
        leases.close(terms());
    }

    function test_close_BringsTheEndForwardToNowPlusTheGrace() external {
        bytes32 leaseId = opened();
        vm.warp(block.timestamp + 2 hours);
        uint256 until = block.timestamp + GRACE_S;

        vm.expectEmit(address(leases));
        emit ILeases.LeaseClosed(leaseId, until);
        vm.prank(session);
        leases.close(terms());

        assertEq(leases.lease(leaseId).claimableUntil, until, "claimable until");
        assertEq(uint256(leases.lease(leaseId).status), uint256(ILeases.Status.Closing), "status");
    }

    function testFuzz_close_NeverPutsTheEndOff(uint256 time) external {
        bytes32 leaseId = opened();
        vm.warp(bound(time, endsAt, endsAt + 10 days));

        vm.expectEmit(address(leases));
        emit ILeases.LeaseClosed(leaseId, endsAt + GRACE_S);
        vm.prank(rosa);
        leases.close(terms());

        assertEq(leases.lease(leaseId).claimableUntil, endsAt + GRACE_S, "claimable until");
    }

    function test_sweep_RefusesALeaseThatWasNeverOpened() external {
        vm.expectRevert(wrongStatus(leases.leaseIdOf(terms()), ILeases.Status.None));
        leases.sweep(terms());
    }

    function test_sweep_RefusesWhileDonorsMayClaim() external {
        bytes32 leaseId = opened();
        vm.warp(endsAt + GRACE_S);

        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_SweepTooEarly.selector, leaseId, endsAt + GRACE_S));
        vm.prank(rosa);
        leases.sweep(terms());
    }

    function test_sweep_WorksOnce() external {
        bytes32 leaseId = opened();
        vm.warp(endsAt + GRACE_S + 1);
        leases.sweep(terms());

        vm.expectRevert(wrongStatus(leaseId, ILeases.Status.Ended));
        leases.sweep(terms());
    }

    function testFuzz_sweep_RefundsTheRenterWhateverRemains(uint128 claimed_, bool closes) external {
        bytes32 leaseId = opened();
        claimed_ = uint128(bound(claimed_, 0, CAP));
        leases.claim(terms(), claimed(0, claimed_));
        if (closes) {
            vm.prank(session);
            leases.close(terms());
        }
        vm.warp(uint256(leases.lease(leaseId).claimableUntil) + 1);

        vm.expectEmit(address(leases));
        emit ILeases.LeaseSwept(leaseId, DEPOSIT - claimed_);
        vm.prank(ada);
        leases.sweep(terms());

        assertAccount(rosa, 10 * DEPOSIT - claimed_, 0, 0, 0);
        assertEq(uint256(leases.lease(leaseId).status), uint256(ILeases.Status.Ended), "status");
        assertEq(leases.lease(leaseId).remaining, DEPOSIT - claimed_, "remaining");
        assertPaid(leaseId, 0, claimed_);
    }
}
