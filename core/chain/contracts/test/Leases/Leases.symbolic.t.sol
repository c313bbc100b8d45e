// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "../../ILeases.sol";
import {IVault} from "../../IVault.sol";
import {LeasesFixture} from "./LeasesFixture.sol";

/// @notice Proofs over all terms, callers and moments, by halmos.
contract LeasesSymbolic is LeasesFixture {
    address private constant ROSA = address(0x205A);
    address private constant SESSION = address(0x5E55);
    address private constant ADA = address(0xADA);

    uint256 private immutable start = block.timestamp;

    function check_ALeaseIsOpenedOnSoundTermsOnly(
        address caller,
        address session,
        uint128 deposit,
        uint64 endsAt,
        uint32 graceS
    ) external {
        hasFree(ROSA, type(uint96).max);
        ILeases.Terms memory terms = ILeases.Terms(ROSA, session, "root", deposit, endsAt, graceS, 0);

        bool done = called(caller, abi.encodeCall(ILeases.open, (terms)));

        bool fits = deposit != 0 && deposit <= type(uint80).max;
        bool timely = endsAt > start && endsAt <= start + LONGEST_LEASE_S && graceS <= LONGEST_GRACE_S;
        assertEq(done, caller == ROSA && session != address(0) && fits && timely, "opened");
        ILeases.Word memory word = leases.lease(leases.leaseIdOf(terms));
        assertEq(word.remaining, done ? deposit : 0, "remaining");
        assertEq(word.claimableUntil, done ? uint256(endsAt) + graceS : 0, "claimable until");
        assertEq(leases.accountOf(ROSA).free + word.remaining, type(uint96).max, "sum");
    }

    function check_ClosingNeverPutsTheEndOff(uint64 endsAt, uint32 graceS, uint32 later, address caller) external {
        ILeases.Terms memory terms = opened(1, endsAt, graceS);
        bytes32 leaseId = leases.leaseIdOf(terms);
        uint256 before = leases.lease(leaseId).claimableUntil;
        // Seconds are kept in 32 bits, which end in 2106.
        vm.assume(start + later + graceS <= type(uint32).max);
        vm.warp(start + later);

        bool done = called(caller, abi.encodeCall(ILeases.close, (terms)));

        uint256 until = leases.lease(leaseId).claimableUntil;
        uint256 sooner = start + later + graceS;
        assertEq(done, caller == ROSA || caller == SESSION, "closed");
        assertEq(until, done && sooner < before ? sooner : before, "claimable until");
    }

    function check_ASweepRefundsWhatRemainsOnce(uint80 deposit, uint64 endsAt, uint32 later, address caller) external {
        ILeases.Terms memory terms = opened(deposit, endsAt, 0);
        vm.warp(start + later);

        bool done = called(caller, abi.encodeCall(ILeases.sweep, (terms)));
        bool again = called(caller, abi.encodeCall(ILeases.sweep, (terms)));

        assertEq(done, start + later > endsAt, "swept");
        assertFalse(again, "swept again");
        assertEq(leases.accountOf(ROSA).free, done ? deposit : 0, "refund");
    }

    function check_TermsAreOpenedOnce(uint80 deposit, uint64 endsAt, uint32 later, bool closes) external {
        ILeases.Terms memory terms = opened(deposit, endsAt, 0);
        hasFree(ROSA, deposit);
        if (closes) called(ROSA, abi.encodeCall(ILeases.close, (terms)));
        vm.warp(start + later);
        called(ROSA, abi.encodeCall(ILeases.sweep, (terms)));

        assertFalse(called(ROSA, abi.encodeCall(ILeases.open, (terms))), "opened again");
    }

    function check_NobodyElseRestoresOrSeizes(address caller, uint32 index, uint256 amount, bool restores) external {
        vm.assume(caller != TRIALS && caller != COURT);
        ILeases.Terms memory terms = opened(1, uint64(start) + 1, 0);
        ILeases.Acceptance memory acceptance;

        bytes memory data = restores
            ? abi.encodeCall(ILeases.restore, (leases.leaseIdOf(terms), index, ADA, amount))
            : abi.encodeCall(ILeases.seize, (terms, share(index), new bytes32[](0), acceptance));

        assertFalse(called(caller, data), "called");
    }

    function check_OnlyTheDonorRetiresAndOnlyOnce(address caller, uint32 first, uint32 second) external {
        // Seconds are kept in 32 bits, which end in 2106.
        vm.assume(first <= second && start + second <= type(uint32).max);
        ILeases.Terms memory terms = opened(1, uint64(start) + 1, 0);
        bytes memory data = abi.encodeCall(ILeases.retire, (terms, share(0), new bytes32[](0)));
        vm.warp(start + first);

        bool done = called(caller, data);
        vm.warp(start + second);
        bool again = called(caller, data);

        (, uint256 retiredAt) = leases.shareOf(leases.leaseIdOf(terms), 0);
        assertEq(done, caller == ADA, "retired");
        assertFalse(again, "retired again");
        assertEq(retiredAt, done ? start + first : 0, "retired at");
    }

    function check_WhatIsEscrowedCannotBeWithdrawn(uint96 had, uint80 deposit, uint256 amount) external {
        vm.assume(deposit != 0 && deposit <= had);
        opened(deposit, uint64(start) + 1, 0);
        hasFree(ROSA, had - deposit);

        bool done = called(ROSA, abi.encodeCall(IVault.withdraw, (ROSA, amount)));

        assertEq(done, amount <= had - deposit, "withdrawn");
        assertGe(coin.balanceOf(address(leases)), deposit, "held");
    }

    /// @dev A lease of one share, which is its root.
    function opened(uint128 deposit, uint64 endsAt, uint32 graceS) private returns (ILeases.Terms memory terms) {
        vm.assume(deposit != 0 && endsAt > start && endsAt <= start + LONGEST_LEASE_S && graceS <= LONGEST_GRACE_S);
        ILeases.Share[] memory shares = new ILeases.Share[](1);
        shares[0] = share(0);
        terms = ILeases.Terms(ROSA, SESSION, rootOf(shares), deposit, endsAt, graceS, 0);
        hasFree(ROSA, deposit);
        vm.prank(ROSA);
        leases.open(terms);
    }

    function share(uint32 index) private pure returns (ILeases.Share memory) {
        return ILeases.Share(index, ADA, 100, 10, 0);
    }

    function called(address caller, bytes memory data) private returns (bool done) {
        vm.prank(caller);
        (done,) = address(leases).call(data);
    }
}
