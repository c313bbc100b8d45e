// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "../../IVault.sol";
import {LeasesFixture} from "../Leases/LeasesFixture.sol";

/// @notice Proofs over all amounts, callers and moments, by halmos.
contract VaultSymbolic is LeasesFixture {
    address private constant ADA = address(0xADA);
    address private constant BOB = address(0xB0B);

    function check_OnlyTheTrialsAndTheCourtCanDoWhatJudgesDo(address caller, address owner, uint256 amount, uint8 which)
        external
    {
        vm.assume(caller != TRIALS && caller != COURT);

        bytes memory data = abi.encodeCall(IVault.convict, (owner));
        if (which == 0) data = abi.encodeCall(IVault.charge, (owner, amount));
        if (which == 1) data = abi.encodeCall(IVault.reserve, (owner, amount));
        if (which == 2) data = abi.encodeCall(IVault.unreserve, (owner, amount));
        if (which == 3) data = abi.encodeCall(IVault.seizeReserved, (owner, amount));

        assertFalse(called(caller, data), "called");
    }

    function check_AWithdrawalIsExactAndNeverMoreThanIsFree(uint96 had, uint256 amount) external {
        hasFree(ADA, had);

        bool done = called(ADA, abi.encodeCall(IVault.withdraw, (BOB, amount)));

        assertEq(done, amount <= had, "withdrawn");
        assertEq(coin.balanceOf(BOB), done ? amount : 0, "paid");
        assertEq(holding(ADA), done ? had - amount : had, "left");
        assertEq(coin.balanceOf(address(leases)), holding(ADA), "held");
    }

    function check_AGiftIsConserved(uint96 hadAda, uint96 hadBob, uint256 amount, address to) external {
        vm.assume(uint256(hadAda) + hadBob <= type(uint96).max);
        vm.assume(to == ADA || to == BOB);
        hasFree(ADA, hadAda);
        hasFree(BOB, hadBob);

        bool done = called(ADA, abi.encodeCall(IVault.give, (to, amount)));

        assertEq(done, amount <= hadAda, "given");
        assertEq(holding(ADA) + holding(BOB), uint256(hadAda) + hadBob, "sum");
        assertEq(holding(BOB), done && to == BOB ? hadBob + amount : hadBob, "Bob's");
    }

    function check_BondingAndThawingConserve(uint96 had, uint256 bonded, uint256 thaws) external {
        hasFree(ADA, had);

        bool bonds = called(ADA, abi.encodeCall(IVault.bond, (bonded)));
        bool thawing = called(ADA, abi.encodeCall(IVault.thaw, (thaws)));

        assertEq(bonds, bonded <= had, "bonds");
        assertEq(thawing, thaws <= (bonds ? bonded : 0), "thaws");
        assertEq(holding(ADA), had, "sum");
        assertEq(leases.accountOf(ADA).free, bonds ? had - bonded : had, "free");
        assertEq(leases.accountOf(ADA).thawing, thawing ? thaws : 0, "thawing");
    }

    function check_WhatThawsIsFreeNoSecondEarlier(uint96 had, uint96 thaws, uint32 later) external {
        vm.assume(thaws <= had && thaws != 0);
        hasBonded(ADA, had);
        vm.prank(ADA);
        leases.thaw(thaws);
        vm.warp(block.timestamp + later);

        bool done = called(ADA, abi.encodeCall(IVault.collect, ()));

        assertEq(done, later >= THAW_S, "collected");
        assertEq(leases.accountOf(ADA).free, done ? thaws : 0, "free");
        assertEq(holding(ADA), had, "sum");
    }

    function check_ReservedStaysWithinBonded(uint96 had, uint256 first, uint256 second, uint8 which) external {
        hasBonded(ADA, had);
        called(COURT, abi.encodeCall(IVault.reserve, (ADA, first)));
        assertWithin();

        pledges(which, second);
        assertWithin();

        assertEq(holding(ADA) + holding(COURT), had, "sum");
    }

    function check_OnlyUnreservedStakeThaws(uint96 had, uint96 pledged, uint256 amount) external {
        vm.assume(pledged <= had);
        hasBonded(ADA, had);
        vm.prank(TRIALS);
        leases.reserve(ADA, pledged);

        bool done = called(ADA, abi.encodeCall(IVault.thaw, (amount)));

        assertEq(done, amount <= had - pledged, "thaws");
        assertEq(leases.accountOf(ADA).reserved, pledged, "reserved");
    }

    function check_TheRateHeldBackNeverGrowsWithAge(uint32 young, uint32 old) external {
        vm.assume(young <= old);
        uint256 start = block.timestamp;
        vm.prank(COURT);
        leases.convict(ADA);

        vm.warp(start + young);
        uint256 first = leases.heldBack(ADA, 4);
        vm.warp(start + old);
        uint256 second = leases.heldBack(ADA, 4);

        assertLe(second, first, "grows");
        assertLe(first, 3, "more than three quarters");
        if (old >= 3 * HOLD_PERIOD_S) assertEq(second, 0, "after three periods");
    }

    function pledges(uint8 which, uint256 amount) private {
        if (which == 0) called(COURT, abi.encodeCall(IVault.reserve, (ADA, amount)));
        else if (which == 1) called(COURT, abi.encodeCall(IVault.unreserve, (ADA, amount)));
        else if (which == 2) called(COURT, abi.encodeCall(IVault.seizeReserved, (ADA, amount)));
        else called(ADA, abi.encodeCall(IVault.thaw, (amount)));
    }

    function assertWithin() private view {
        IVault.Account memory now_ = leases.accountOf(ADA);
        assertLe(now_.reserved, now_.bonded, "reserved");
    }

    function holding(address owner) private view returns (uint256) {
        IVault.Account memory now_ = leases.accountOf(owner);
        return uint256(now_.free) + now_.bonded + now_.thawing;
    }

    function called(address caller, bytes memory data) private returns (bool done) {
        vm.prank(caller);
        (done,) = address(leases).call(data);
    }
}
