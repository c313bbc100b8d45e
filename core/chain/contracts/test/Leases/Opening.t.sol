// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "../../ILeases.sol";
import {IVault} from "../../IVault.sol";
import {Leases} from "../../Leases.sol";
import {LeasesScene} from "./LeasesScene.sol";

contract LeasesOpeningTest is LeasesScene {
    function test_constructor_RefusesWhatTheVaultRefuses() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_BadParameter.selector, "court"));
        new Leases(address(coin), TRIALS, NOBODY, periods());
    }

    function test_open_IsForTheRenterOnly() external {
        vm.expectRevert(notAllowed(session, rosa));
        vm.prank(session);
        leases.open(terms());
    }

    function test_open_RefusesToBeWithoutASessionKey() external {
        ILeases.Terms memory chosen = terms();
        chosen.session = NOBODY;
        refusesToOpen(chosen, "session");
    }

    function test_open_RefusesToBeWithoutShares() external {
        ILeases.Terms memory chosen = terms();
        chosen.root = 0;
        refusesToOpen(chosen, "root");
    }

    function test_open_RefusesADepositOfNothing() external {
        ILeases.Terms memory chosen = terms();
        chosen.deposit = 0;
        refusesToOpen(chosen, "deposit");
    }

    function test_open_RefusesADepositBeyond80Bits() external {
        ILeases.Terms memory chosen = terms();
        chosen.deposit = 2 ** 80;
        refusesToOpen(chosen, "deposit");
    }

    function test_open_RefusesToEndInThePast() external {
        ILeases.Terms memory chosen = terms();
        chosen.endsAt = uint64(block.timestamp);
        refusesToOpen(chosen, "endsAt");
    }

    function test_open_RefusesToEndTooFarAhead() external {
        ILeases.Terms memory chosen = terms();
        chosen.endsAt = uint64(block.timestamp) + LONGEST_LEASE_S + 1;
        refusesToOpen(chosen, "endsAt");
    }

    function test_open_RefusesTooLongAGrace() external {
        ILeases.Terms memory chosen = terms();
        chosen.graceS = LONGEST_GRACE_S + 1;
        refusesToOpen(chosen, "graceS");
    }

    function test_open_AcceptsTheEdgesOfEveryBound() external {
        hasFree(rosa, type(uint80).max);
        ILeases.Terms memory least = terms();
        least.deposit = 1;
        least.endsAt = uint64(block.timestamp) + 1;
        least.graceS = 0;
        ILeases.Terms memory most = terms();
        most.deposit = type(uint80).max;
        most.endsAt = uint64(block.timestamp) + LONGEST_LEASE_S;
        most.graceS = LONGEST_GRACE_S;

        vm.startPrank(rosa);
        bytes32 smallest = leases.open(least);
        bytes32 largest = leases.open(most);

        assertEq(leases.lease(smallest).claimableUntil, block.timestamp + 1, "the smallest");
        assertEq(leases.lease(largest).claimableUntil, most.endsAt + LONGEST_GRACE_S, "the largest");
        assertEq(leases.lease(largest).remaining, type(uint80).max, "the largest's deposit");
    }

    function test_open_RefusesTermsThatAreOpen() external {
        bytes32 leaseId = opened();

        vm.expectRevert(wrongStatus(leaseId, ILeases.Status.Open));
        vm.prank(rosa);
        leases.open(terms());
    }

    function test_open_RefusesTermsThatEnded() external {
        ILeases.Terms memory chosen = terms();
        chosen.endsAt = uint64(block.timestamp) + LONGEST_LEASE_S;
        vm.prank(rosa);
        bytes32 leaseId = leases.open(chosen);
        vm.prank(rosa);
        leases.close(chosen);
        vm.warp(block.timestamp + GRACE_S + 1);
        leases.sweep(chosen);

        vm.expectRevert(wrongStatus(leaseId, ILeases.Status.Ended));
        vm.prank(rosa);
        leases.open(chosen);
    }

    function test_open_RefusesADepositThatTheRenterDoesNotHave() external {
        ILeases.Terms memory chosen = terms();
        chosen.deposit = 10 * DEPOSIT + 1;

        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_NotEnoughFree.selector, rosa, chosen.deposit, 10 * DEPOSIT));
        vm.prank(rosa);
        leases.open(chosen);
    }

    function test_open_EscrowsTheDeposit() external {
        bytes32 leaseId = leases.leaseIdOf(terms());

        vm.expectEmit(address(leases));
        emit ILeases.LeaseOpened(leaseId, rosa, DEPOSIT, false);
        opened();

        ILeases.Word memory wanted = ILeases.Word(
            uint80(DEPOSIT), uint32(endsAt) + GRACE_S, uint32(block.timestamp), ILeases.Status.Open, false, 0, 0
        );
        assertWord(leaseId, wanted);
        assertAccount(rosa, 9 * DEPOSIT, 0, 0, 0);
        assertAccount(ada, 0, STAKE, 0, 0);
    }

    function test_openQuoted_RefusesWhatOpenRefuses() external {
        ILeases.Terms memory chosen = terms();
        ILeases.Acceptance[] memory acceptances = acceptedBy(chosen, endsAt);

        vm.expectRevert(notAllowed(ada, rosa));
        vm.prank(ada);
        leases.openQuoted(chosen, shares(), acceptances);
    }

    function test_openQuoted_RefusesToBeWithoutShares() external {
        refusesToQuote(terms(), new ILeases.Share[](0), new ILeases.Acceptance[](0));
    }

    function test_openQuoted_RefusesMoreThan256Shares() external {
        ILeases.Share[] memory many = manyShares(257);
        ILeases.Terms memory chosen = termsOver(many);

        refusesToQuote(chosen, many, new ILeases.Acceptance[](257));
    }

    function test_openQuoted_RefusesAnotherNumberOfAcceptances() external {
        refusesToQuote(terms(), shares(), new ILeases.Acceptance[](2));
    }

    function test_openQuoted_RefusesSharesInAnotherOrder() external {
        ILeases.Share[] memory swapped = shares();
        (swapped[1], swapped[2]) = (swapped[2], swapped[1]);
        ILeases.Terms memory chosen = termsOver(swapped);

        refusesToQuote(chosen, swapped, acceptedBy(chosen, endsAt));
    }

    function test_openQuoted_RefusesSharesThatAreNotBehindTheRoot() external {
        ILeases.Share[] memory others = shares();
        others[1].penalty -= 1;

        refusesToQuote(terms(), others, acceptedBy(terms(), endsAt));
    }

    function test_openQuoted_RefusesSomeOfTheSharesOnly() external {
        ILeases.Share[] memory all = shares();
        ILeases.Share[] memory some = new ILeases.Share[](2);
        (some[0], some[1]) = (all[0], all[1]);
        ILeases.Acceptance[] memory acceptances = acceptedBy(terms(), endsAt);
        ILeases.Acceptance[] memory two = new ILeases.Acceptance[](2);
        (two[0], two[1]) = (acceptances[0], acceptances[1]);

        refusesToQuote(terms(), some, two);
    }

    function test_openQuoted_RefusesAnExpiredAcceptance() external {
        ILeases.Terms memory chosen = terms();
        uint64 expiresAt = uint64(block.timestamp) - 1;
        ILeases.Acceptance[] memory acceptances = acceptedBy(chosen, expiresAt);

        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_AcceptanceExpired.selector, 0, ada, expiresAt));
        vm.prank(rosa);
        leases.openQuoted(chosen, shares(), acceptances);
    }

    function test_openQuoted_AcceptsAnAcceptanceInItsLastSecond() external {
        bytes32 leaseId = quotedUntil(uint64(block.timestamp));

        assertTrue(leases.lease(leaseId).quoted, "quoted");
    }

    function test_openQuoted_RefusesAnAcceptanceThatTheDonorDidNotSign() external {
        ILeases.Terms memory chosen = terms();
        ILeases.Acceptance[] memory acceptances = acceptedBy(chosen, endsAt);
        acceptances[1] = acceptanceOf(leases, adaKey, leases.leaseIdOf(chosen), shares()[1], endsAt);

        vm.expectRevert(badAcceptance(1, bob));
        vm.prank(rosa);
        leases.openQuoted(chosen, shares(), acceptances);
    }

    function test_openQuoted_RefusesAnAcceptanceOfAnotherLease() external {
        ILeases.Terms memory chosen = terms();
        chosen.salt = "another";
        ILeases.Acceptance[] memory acceptances = acceptedBy(terms(), endsAt);

        vm.expectRevert(badAcceptance(0, ada));
        vm.prank(rosa);
        leases.openQuoted(chosen, shares(), acceptances);
    }

    function test_openQuoted_RefusesADonorWithoutThePenaltyInItsStake() external {
        vm.prank(cleo);
        leases.thaw(STAKE - PENALTY + 1);
        ILeases.Acceptance[] memory acceptances = acceptedBy(terms(), endsAt);

        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_NotEnoughStake.selector, cleo, PENALTY, PENALTY - 1));
        vm.prank(rosa);
        leases.openQuoted(terms(), shares(), acceptances);
    }

    function test_openQuoted_ReservesEveryPenaltyAndEscrowsTheDeposit() external {
        bytes32 leaseId = leases.leaseIdOf(terms());

        vm.expectEmit(address(leases));
        emit ILeases.LeaseOpened(leaseId, rosa, DEPOSIT, true);
        quoted();

        assertAccount(rosa, 9 * DEPOSIT, 0, 0, 0);
        assertAccount(ada, 0, STAKE, PENALTY, 0);
        assertAccount(bob, 0, STAKE, PENALTY, 0);
        assertAccount(cleo, 0, STAKE, PENALTY, 0);
        assertTrue(leases.lease(leaseId).quoted, "quoted");
        assertEq(leases.lease(leaseId).claimableUntil, endsAt + GRACE_S, "claimable until");
    }

    function test_openQuoted_AddsUpThePenaltiesOfADonorWithSeveralShares() external {
        hasBonded(ada, 2 * STAKE);
        ILeases.Share[] memory hers = shares();
        hers[1].donor = ada;
        hers[2].donor = ada;
        ILeases.Terms memory chosen = termsOver(hers);
        bytes32 leaseId = leases.leaseIdOf(chosen);
        ILeases.Acceptance[] memory acceptances = new ILeases.Acceptance[](3);
        for (uint256 i = 0; i < 3; ++i) {
            acceptances[i] = acceptanceOf(leases, adaKey, leaseId, hers[i], endsAt);
        }

        vm.prank(rosa);
        leases.openQuoted(chosen, hers, acceptances);

        assertAccount(ada, 0, 3 * STAKE, 3 * PENALTY, 0);
    }

    function test_openQuoted_AsksNoStakeOfSharesWithoutPenalty() external {
        vm.prank(ada);
        leases.thaw(STAKE);
        ILeases.Share[] memory free = shares();
        free[0].penalty = 0;
        ILeases.Terms memory chosen = termsOver(free);
        bytes32 leaseId = leases.leaseIdOf(chosen);
        ILeases.Acceptance[] memory acceptances = acceptedOver(free, chosen, endsAt);

        vm.prank(rosa);
        leases.openQuoted(chosen, free, acceptances);

        assertAccount(ada, 0, 0, 0, STAKE);
        assertTrue(leases.lease(leaseId).quoted, "quoted");
    }

    function testFuzz_openQuoted_TakesAnyNumberOfSharesUpTo256(uint256 count) external {
        count = bound(count, 1, 24);
        if (count == 24) count = 256;
        ILeases.Share[] memory many = manyShares(count);
        ILeases.Terms memory chosen = termsOver(many);
        bytes32 leaseId = leases.leaseIdOf(chosen);
        ILeases.Acceptance[] memory acceptances = new ILeases.Acceptance[](count);
        for (uint256 i = 0; i < count; ++i) {
            acceptances[i] = acceptanceOf(leases, adaKey, leaseId, many[i], endsAt);
        }

        vm.prank(rosa);
        leases.openQuoted(chosen, many, acceptances);

        assertAccount(ada, 0, STAKE, count < 256 ? count : STAKE, 0);
        leases.checkShare(chosen, many[count - 1], proofOf(many, count - 1));
    }
}
