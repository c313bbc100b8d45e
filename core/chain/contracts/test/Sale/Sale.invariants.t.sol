// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Coin} from "../../Coin.sol";
import {ISale} from "../../ISale.sol";
import {Sale} from "../../Sale.sol";
import {Test} from "../support/Test.sol";
import {SaleFixture} from "./SaleFixture.sol";

/// @title SaleHandler
/// @notice Drives a sale with right and wrong calls and keeps its own books. Each call must succeed exactly when the
/// books say so.
contract SaleHandler is Test {
    Sale private immutable sale;
    Coin private immutable coin;
    uint256 private immutable needed;
    address[] private buyers;

    uint256 public raised;
    uint256 public refunded;
    uint256 public withdrawn;
    uint256 public forced;
    uint256 public funded;
    uint256 public collected;
    uint256 public toTreasury;
    uint256 public toVesting;
    uint256 public lowestRaised;
    ISale.Phase public latest;
    mapping(address buyer => uint256) public paidBy;
    mapping(address buyer => bool) public delivered;
    mapping(address buyer => bool) public paidBack;

    constructor(Sale sale_, Coin coin_, uint256 needed_) {
        sale = sale_;
        coin = coin_;
        needed = needed_;
        for (uint256 i = 0; i < 4; ++i) {
            buyers.push(address(uint160(0xB0000 + i)));
        }
    }

    modifier forward() {
        _;
        ISale.Phase next = sale.phase();
        assertGe(uint256(next), uint256(latest), "the phase goes back");
        if (latest >= ISale.Phase.Succeeded) assertEq(uint256(next), uint256(latest), "an end does not stay");
        latest = next;
        assertGe(sale.raised(), lowestRaised, "what was raised falls");
        lowestRaised = sale.raised();
    }

    function pass(uint256 seconds_) external forward {
        vm.warp(block.timestamp + bound(seconds_, 1, 10 days));
    }

    function fund(uint256 amount, bool whole) external forward {
        uint256 missing = funded < needed ? needed - funded : 0;
        amount = whole && missing != 0 ? missing : bound(amount, 1, 100 ether);
        coin.transfer(address(sale), amount);
        funded += amount;
    }

    function force(uint256 amount) external forward {
        amount = bound(amount, 1, 1 ether);
        vm.deal(address(sale), address(sale).balance + amount);
        forced += amount;
    }

    function buy(uint256 who, uint256 amount, bool plainly) external forward {
        address buyer = buyers[who % buyers.length];
        uint256 cap = sale.plan().cap;
        amount = bound(amount, 0, cap / 3);
        // Now and then exactly what is left, so that sales sell out.
        if (amount % 8 == 0) amount = cap - raised;
        vm.deal(buyer, buyer.balance + amount);
        bool right = latest == ISale.Phase.Open && amount != 0 && raised + amount <= cap
            && coin.balanceOf(address(sale)) >= needed;

        vm.prank(buyer);
        (bool done,) = address(sale).call{value: amount}(plainly ? bytes("") : abi.encodeCall(ISale.buy, ()));

        assertEq(done, right, "buy");
        if (!done) return;
        raised += amount;
        paidBy[buyer] += amount;
    }

    function collect(uint256 who) external forward {
        address buyer = buyers[who % buyers.length];
        bool right = latest == ISale.Phase.Succeeded && paidBy[buyer] != 0 && !delivered[buyer];

        bool done = call(address(this), abi.encodeCall(ISale.collect, (buyer)));

        assertEq(done, right, "collect");
        if (!done) return;
        delivered[buyer] = true;
        collected += paidBy[buyer] * sale.plan().rate;
    }

    function refund(uint256 who) external forward {
        address buyer = buyers[who % buyers.length];
        uint256 before = buyer.balance;
        bool right = latest == ISale.Phase.Failed && paidBy[buyer] != 0 && !paidBack[buyer];

        bool done = call(buyer, abi.encodeCall(ISale.refund, ()));

        assertEq(done, right, "refund");
        assertEq(buyer.balance - before, done ? paidBy[buyer] : 0, "refunded");
        if (!done) return;
        paidBack[buyer] = true;
        refunded += paidBy[buyer];
    }

    function withdraw() external forward {
        bool right = latest == ISale.Phase.Succeeded && withdrawn == 0;

        bool done = call(address(this), abi.encodeCall(ISale.withdraw, ()));

        assertEq(done, right, "withdraw");
        if (done) withdrawn = raised;
    }

    function settle() external forward {
        uint256 held = coin.balanceOf(address(sale));
        bool succeeded = latest == ISale.Phase.Succeeded;
        bool right = (succeeded && toVesting == 0) || latest == ISale.Phase.Failed;
        ISale.Plan memory plan = sale.plan();

        bool done = call(address(this), abi.encodeCall(ISale.settle, ()));

        assertEq(done, right, "settle");
        if (!done) return;
        toTreasury += succeeded ? (plan.cap - raised) * plan.rate : held;
        if (succeeded) toVesting = plan.teamCoins;
    }

    function everyone() external view returns (address[] memory) {
        return buyers;
    }

    function call(address sender, bytes memory data) private returns (bool done) {
        vm.prank(sender);
        (done,) = address(sale).call(data);
    }
}

contract SaleInvariants is SaleFixture {
    Sale private sale;
    SaleHandler private handler;

    function setUp() external {
        sale = deploy(terms());
        handler = new SaleHandler(sale, coin, NEEDED);
        coin.transfer(address(handler), coin.balanceOf(address(this)));
        targetContract(address(handler));
    }

    /// @dev Invariant 1; that it never falls, the handler sees.
    function invariant_RaisedIsTheSumOfAllPaymentsWithinTheCap() external view {
        assertEq(sale.raised(), handler.raised(), "raised");
        assertLe(sale.raised(), CAP, "beyond the cap");
    }

    /// @dev Invariant 2.
    function invariant_NativeCoinIsConserved() external view {
        uint256 expected = handler.raised() - handler.refunded() - handler.withdrawn() + handler.forced();
        assertEq(address(sale).balance, expected, "held");
        assertEq(beneficiary.balance, handler.withdrawn(), "the beneficiary's");
    }

    /// @dev Invariant 3.
    function invariant_CoinIsConserved() external view {
        uint256 gone = handler.collected() + handler.toTreasury() + handler.toVesting();
        assertEq(coin.balanceOf(address(sale)), handler.funded() - gone, "held");
        assertEq(coin.balanceOf(treasury), handler.toTreasury(), "the treasury's");
    }

    /// @dev Invariant 4.
    function invariant_CoinCoversWhatBuyersAreOwed() external view {
        if (sale.phase() == ISale.Phase.Failed) return;
        uint256 owed;
        address[] memory buyers = handler.everyone();
        for (uint256 i = 0; i < buyers.length; ++i) {
            owed += sale.paid(buyers[i]) * RATE;
        }
        assertGe(coin.balanceOf(address(sale)), owed, "held");
    }

    /// @dev Invariant 5.
    function invariant_ABuyerIsDeliveredOrRefundedWholeAndOnce() external view {
        address[] memory buyers = handler.everyone();
        for (uint256 i = 0; i < buyers.length; ++i) {
            address buyer = buyers[i];
            bool delivered = handler.delivered(buyer);
            bool refunded = handler.paidBack(buyer);
            assertFalse(delivered && refunded, "both");
            assertEq(coin.balanceOf(buyer), delivered ? handler.paidBy(buyer) * RATE : 0, "coin");
            assertEq(sale.paid(buyer), delivered || refunded ? 0 : handler.paidBy(buyer), "due");
        }
    }

    /// @dev Invariant 6.
    function invariant_NothingLeavesBeforeTheEnd() external view {
        ISale.Phase phase = sale.phase();
        if (phase < ISale.Phase.Succeeded) {
            assertEq(address(sale).balance, handler.raised() + handler.forced(), "native coin");
            assertEq(coin.balanceOf(address(sale)), handler.funded(), "coin");
        }
        if (phase != ISale.Phase.Succeeded) assertEq(beneficiary.balance, 0, "proceeds");
        if (phase != ISale.Phase.Failed) assertEq(handler.refunded(), 0, "refunds");
    }

    /// @dev Invariant 7.
    function invariant_TheTeamsCoinIsInVestingOnlyAfterSuccess() external view {
        assertEq(coin.balanceOf(sale.vesting()), handler.toVesting(), "vesting");
        assertEq(coin.balanceOf(team), 0, "team");
        if (sale.phase() != ISale.Phase.Succeeded) assertEq(handler.toVesting(), 0, "too early");
    }

    /// @dev Invariant 8; that each call keeps it, the handler sees.
    function invariant_ThePhaseIsTheLatestSeen() external view {
        assertEq(uint256(sale.phase()), uint256(handler.latest()), "phase");
    }
}
