// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISale} from "../../ISale.sol";
import {Sale} from "../../Sale.sol";
import {SaleFixture} from "./SaleFixture.sol";

/// @notice Proofs over all payments and all moments, by halmos.
contract SaleSymbolic is SaleFixture {
    Sale private sale;
    address private constant ADA = address(0xADA);
    address private constant BOB = address(0xB0B);

    function setUp() external {
        sale = deploy(terms());
        coin.transfer(address(sale), NEEDED);
    }

    function check_WhatIsRaisedIsWhatWasPaidAndWithinTheCap(uint96 first, uint96 second) external {
        vm.warp(opensAt);

        uint256 sum = (bought(ADA, first) ? first : 0) + uint256(bought(BOB, second) ? second : 0);

        assertEq(sale.raised(), sum, "raised");
        assertEq(address(sale).balance, sum, "held");
        assertEq(sale.paid(ADA) + sale.paid(BOB), sum, "paid");
        assertLe(sum, CAP, "beyond the cap");
    }

    function check_NobodyIsBothDeliveredAndRefunded(uint96 amount, uint64 first, uint64 second) external {
        vm.warp(opensAt);
        vm.assume(bought(ADA, amount));
        vm.assume(first >= opensAt && second >= first);

        vm.warp(first);
        bool refunded = called(ADA, abi.encodeCall(ISale.refund, ()));
        bool delivered = called(BOB, abi.encodeCall(ISale.collect, (ADA)));
        vm.warp(second);
        bool refundedLater = called(ADA, abi.encodeCall(ISale.refund, ()));
        bool deliveredLater = called(BOB, abi.encodeCall(ISale.collect, (ADA)));

        uint256 times = (refunded ? 1 : 0) + (delivered ? 1 : 0) + (refundedLater ? 1 : 0) + (deliveredLater ? 1 : 0);
        assertLe(times, 1, "more than once");
        assertEq(coin.balanceOf(ADA), delivered || deliveredLater ? uint256(amount) * RATE : 0, "coin");
        assertEq(ADA.balance, refunded || refundedLater ? amount : 0, "native coin");
    }

    function check_ProceedsLeaveOnlyAfterSuccess(uint96 amount, uint64 time, address caller) external {
        vm.warp(opensAt);
        vm.assume(bought(ADA, amount));
        vm.assume(time >= opensAt);
        vm.warp(time);
        uint256 before = beneficiary.balance;

        bool done = called(caller, abi.encodeCall(ISale.withdraw, ()));

        bool succeeded = amount == CAP || (time >= closesAt && amount >= GOAL);
        assertEq(done, succeeded, "withdrawn");
        assertEq(beneficiary.balance - before, succeeded ? amount : 0, "proceeds");
    }

    function check_NothingLeavesWhileOpen(uint96 amount, uint64 time, address caller, uint8 which) external {
        vm.warp(opensAt);
        vm.assume(bought(ADA, amount));
        vm.assume(amount < CAP && time >= opensAt && time < closesAt);
        vm.warp(time);

        bytes memory data = abi.encodeCall(ISale.settle, ());
        if (which == 0) data = abi.encodeCall(ISale.collect, (ADA));
        if (which == 1) data = abi.encodeCall(ISale.refund, ());
        if (which == 2) data = abi.encodeCall(ISale.withdraw, ());
        bool done = called(caller, data);

        assertFalse(done, "called");
        assertEq(address(sale).balance, amount, "native coin");
        assertEq(coin.balanceOf(address(sale)), NEEDED, "coin");
    }

    function bought(address buyer, uint256 amount) private returns (bool done) {
        vm.deal(buyer, amount);
        vm.prank(buyer);
        (done,) = address(sale).call{value: amount}(abi.encodeCall(ISale.buy, ()));
        if (!done) vm.deal(buyer, 0);
    }

    function called(address caller, bytes memory data) private returns (bool done) {
        vm.prank(caller);
        (done,) = address(sale).call(data);
    }
}
