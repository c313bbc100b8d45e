// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {VestingWalletCliff} from "@openzeppelin/contracts/finance/VestingWalletCliff.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";
import {ISale} from "../../ISale.sol";
import {Sale, TeamVesting} from "../../Sale.sol";
import {SaleFixture} from "./SaleFixture.sol";

/// @notice Calls a sale again whenever native coin reaches it, as a thief would.
contract Reentrant {
    ISale private sale;
    bytes private again;
    uint256 public entries;

    function buy(ISale sale_) external payable {
        sale_.buy{value: msg.value}();
    }

    function attack(ISale sale_, bytes calldata call_) external {
        sale = sale_;
        again = call_;
        (bool done,) = address(sale).call(call_);
        require(done, "the first call");
    }

    receive() external payable {
        ++entries;
        (bool done,) = address(sale).call(again);
        require(!done, "entered twice");
    }
}

/// @notice Buys, but cannot be sent native coin.
contract Miser {
    function buy(ISale sale) external payable {
        sale.buy{value: msg.value}();
    }

    function refund(ISale sale) external {
        sale.refund();
    }
}

contract SaleTest is SaleFixture {
    Sale private sale;
    TeamVesting private vesting;
    address private immutable ada = addressOf("Ada");
    address private immutable bob = addressOf("Bob");

    function setUp() external {
        sale = deploy(terms());
        vesting = TeamVesting(payable(sale.vesting()));
        coin.transfer(address(sale), NEEDED);
        vm.deal(ada, 100 ether);
        vm.deal(bob, 100 ether);
    }

    function test_constructor_RefusesAPlanWithoutEachPart() external {
        ISale.Plan memory plan = terms();
        plan.coin = IERC20(address(0));
        refused(plan, "coin");

        plan = terms();
        plan.rate = 0;
        refused(plan, "rate");

        plan = terms();
        plan.goal = 0;
        refused(plan, "goal");

        plan = terms();
        plan.beneficiary = address(0);
        refused(plan, "beneficiary");

        plan = terms();
        plan.treasury = address(0);
        refused(plan, "treasury");

        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableInvalidOwner.selector, address(0)));
        new Sale(terms(), address(0), CLIFF_S, VESTING_S);
    }

    function test_constructor_RefusesACapBelowTheGoal() external {
        ISale.Plan memory plan = terms();
        plan.cap = plan.goal - 1;

        refused(plan, "cap");
    }

    function test_constructor_RefusesAnOpeningInThePast() external {
        ISale.Plan memory plan = terms();
        plan.opensAt = uint64(block.timestamp) - 1;

        refused(plan, "opensAt");
    }

    function test_constructor_RefusesACloseThatIsNotAfterTheOpening() external {
        ISale.Plan memory plan = terms();
        plan.closesAt = plan.opensAt;

        refused(plan, "closesAt");
    }

    function test_constructor_RefusesToStayOpenForTooLong() external {
        ISale.Plan memory plan = terms();
        plan.closesAt = plan.opensAt + 366 days + 1;

        refused(plan, "closesAt");
    }

    function test_constructor_RefusesAHastyVesting() external {
        vm.expectRevert(abi.encodeWithSelector(ISale.Sale_BadPlan.selector, "vestingS"));
        new Sale(terms(), team, 0, 365 days - 1);
    }

    function test_constructor_RefusesACliffAfterTheEnd() external {
        vm.expectRevert(
            abi.encodeWithSelector(VestingWalletCliff.InvalidCliffDuration.selector, VESTING_S + 1, VESTING_S)
        );
        new Sale(terms(), team, VESTING_S + 1, VESTING_S);
    }

    function test_constructor_AcceptsTheEdgesOfEveryBound() external {
        ISale.Plan memory plan = terms();
        plan.rate = 1;
        plan.goal = 1;
        plan.cap = 1;
        plan.opensAt = uint64(block.timestamp);
        plan.closesAt = plan.opensAt + 366 days;
        plan.teamCoins = 0;

        Sale smallest = new Sale(plan, team, 0, 365 days);

        assertEq(uint256(smallest.phase()), uint256(ISale.Phase.Open), "phase");
        assertEq(smallest.plan().cap, 1, "cap");
    }

    function test_buy_RefusesBeforeTheOpening() external {
        vm.warp(opensAt - 1);

        vm.expectRevert(wrong(ISale.Phase.Pending));
        vm.prank(ada);
        sale.buy{value: 1}();
    }

    function test_buy_RefusesFromTheCloseOn() external {
        vm.warp(closesAt);

        vm.expectRevert(wrong(ISale.Phase.Failed));
        vm.prank(ada);
        sale.buy{value: 1}();
    }

    function test_buy_RefusesOnceSoldOut() external {
        bought(ada, CAP);

        vm.expectRevert(wrong(ISale.Phase.Succeeded));
        vm.prank(bob);
        sale.buy{value: 1}();
    }

    function test_buy_RefusesUntilTheSaleIsFunded() external {
        Sale poor = deploy(terms());
        coin.transfer(address(poor), NEEDED - 1);
        vm.warp(opensAt);

        vm.expectRevert(abi.encodeWithSelector(ISale.Sale_NotFunded.selector, NEEDED - 1, NEEDED));
        vm.prank(ada);
        poor.buy{value: 1}();

        coin.transfer(address(poor), 1);
        vm.prank(ada);
        poor.buy{value: 1}();
        assertEq(poor.raised(), 1, "raised once funded");
    }

    function test_buy_RefusesAPurchaseOfNothing() external {
        vm.warp(opensAt);

        vm.expectRevert(ISale.Sale_NothingPaid.selector);
        vm.prank(ada);
        sale.buy();
    }

    function testFuzz_buy_RefusesWhatGoesBeyondTheCapAndSaysWhatIsLeft(uint256 before, uint256 more) external {
        before = bound(before, 1, CAP - 1);
        more = bound(more, CAP - before + 1, 80 ether);
        bought(ada, before);

        vm.expectRevert(abi.encodeWithSelector(ISale.Sale_OverCap.selector, more, CAP - before));
        vm.prank(bob);
        sale.buy{value: more}();
    }

    function testFuzz_buy_CreditsTheBuyerWithWhatWasPaid(uint256 amount) external {
        amount = bound(amount, 1, CAP);
        vm.warp(opensAt);

        vm.expectEmit(address(sale));
        emit ISale.Bought(ada, amount);
        vm.prank(ada);
        sale.buy{value: amount}();

        assertEq(sale.paid(ada), amount, "paid");
        assertEq(sale.paid(bob), 0, "paid by another");
        assertEq(address(sale).balance, amount, "held");
    }

    function test_buy_AddsUpSeveralPurchases() external {
        bought(ada, 1 ether);
        bought(bob, 2 ether);

        bought(ada, 3 ether);

        assertEq(sale.paid(ada), 4 ether, "Ada paid");
        assertEq(sale.paid(bob), 2 ether, "Bob paid");
        assertEq(sale.raised(), 6 ether, "raised");
    }

    function test_buy_OpensInTheFirstSecondAndClosesAfterTheLast() external {
        vm.warp(opensAt);
        vm.prank(ada);
        sale.buy{value: 1}();

        vm.warp(closesAt - 1);
        vm.prank(ada);
        sale.buy{value: 1}();

        assertEq(sale.paid(ada), 2, "paid");
    }

    function test_receive_BuysForTheSender() external {
        vm.warp(opensAt);

        vm.prank(ada);
        (bool done,) = address(sale).call{value: 3}("");

        assertTrue(done, "sent");
        assertEq(sale.paid(ada), 3, "paid");
    }

    function test_receive_RefusesWhenOneCannotBuy() external {
        vm.prank(ada);
        (bool done, bytes memory why) = address(sale).call{value: 3}("");

        assertFalse(done, "sent");
        assertEq(why, wrong(ISale.Phase.Pending), "why");
    }

    function test_collect_RefusesWhileTheSaleIsOpen() external {
        bought(ada, GOAL);

        vm.expectRevert(wrong(ISale.Phase.Open));
        sale.collect(ada);
    }

    function test_collect_RefusesAfterAFailure() external {
        bought(ada, GOAL - 1);
        vm.warp(closesAt);

        vm.expectRevert(wrong(ISale.Phase.Failed));
        sale.collect(ada);
    }

    function test_collect_RefusesWhoBoughtNothing() external {
        bought(ada, CAP);

        vm.expectRevert(due(bob));
        sale.collect(bob);
    }

    function test_collect_PaysOutOnce() external {
        bought(ada, CAP);
        sale.collect(ada);

        vm.expectRevert(due(ada));
        sale.collect(ada);
    }

    function testFuzz_collect_SendsTheBuyerWhatItPaidTimesTheRate(uint256 amount) external {
        amount = bound(amount, GOAL, CAP - 1);
        bought(ada, amount);
        bought(bob, 1);
        vm.warp(closesAt);

        vm.expectEmit(address(sale));
        emit ISale.Collected(ada, amount * RATE);
        vm.prank(bob);
        sale.collect(ada);

        assertEq(coin.balanceOf(ada), amount * RATE, "Ada's coin");
        assertEq(coin.balanceOf(bob), 0, "Bob's coin");
        assertEq(sale.paid(ada), 0, "still due to Ada");
        assertEq(sale.paid(bob), 1, "still due to Bob");
    }

    function test_collect_NeedsNoSettlementNorWithdrawal() external {
        bought(ada, 6 ether);
        bought(bob, 4 ether);

        sale.collect(ada);
        sale.settle();
        sale.withdraw();
        sale.collect(bob);

        assertEq(coin.balanceOf(ada), 6 ether * RATE, "before");
        assertEq(coin.balanceOf(bob), 4 ether * RATE, "after");
    }

    function test_refund_RefusesWhileTheSaleIsOpen() external {
        bought(ada, 1 ether);

        vm.expectRevert(wrong(ISale.Phase.Open));
        vm.prank(ada);
        sale.refund();
    }

    function test_refund_RefusesAfterASuccess() external {
        bought(ada, GOAL);
        vm.warp(closesAt);

        vm.expectRevert(wrong(ISale.Phase.Succeeded));
        vm.prank(ada);
        sale.refund();
    }

    function test_refund_RefusesWhoPaidNothing() external {
        bought(ada, 1 ether);
        vm.warp(closesAt);

        vm.expectRevert(due(bob));
        vm.prank(bob);
        sale.refund();
    }

    function test_refund_PaysBackOnce() external {
        bought(ada, 1 ether);
        bought(bob, 1 ether);
        vm.warp(closesAt);
        vm.prank(ada);
        sale.refund();

        vm.expectRevert(due(ada));
        vm.prank(ada);
        sale.refund();
    }

    function test_refund_CannotBeEnteredTwice() external {
        Reentrant thief = new Reentrant();
        bought(ada, 1 ether);
        vm.prank(bob);
        thief.buy{value: 1 ether}(sale);
        vm.warp(closesAt);

        thief.attack(sale, abi.encodeCall(ISale.refund, ()));

        assertEq(thief.entries(), 1, "entries");
        assertEq(address(thief).balance, 1 ether, "the thief's");
        assertEq(address(sale).balance, 1 ether, "Ada's");
    }

    function test_refund_RevertsAndKeepsTheRefundDue() external {
        Miser miser = new Miser();
        vm.warp(opensAt);
        vm.prank(ada);
        miser.buy{value: 1 ether}(sale);
        vm.warp(closesAt);

        vm.expectRevert(Errors.FailedCall.selector);
        miser.refund(sale);

        assertEq(sale.paid(address(miser)), 1 ether, "still due");
    }

    function testFuzz_refund_SendsBackWhatWasPaid(uint256 amount) external {
        amount = bound(amount, 1, GOAL - 2);
        bought(ada, amount);
        bought(bob, 1);
        vm.warp(closesAt);

        vm.expectEmit(address(sale));
        emit ISale.Refunded(ada, amount);
        vm.prank(ada);
        sale.refund();

        assertEq(ada.balance, 100 ether, "Ada's balance");
        assertEq(address(sale).balance, 1, "what is Bob's");
        assertEq(sale.paid(ada), 0, "still due to Ada");
        assertEq(sale.paid(bob), 1, "still due to Bob");
    }

    function test_withdraw_RefusesWhileTheSaleIsOpen() external {
        bought(ada, GOAL);

        vm.expectRevert(wrong(ISale.Phase.Open));
        sale.withdraw();
    }

    function test_withdraw_RefusesAfterAFailure() external {
        bought(ada, GOAL - 1);
        vm.warp(closesAt);

        vm.expectRevert(wrong(ISale.Phase.Failed));
        vm.prank(beneficiary);
        sale.withdraw();
    }

    function test_withdraw_WorksOnce() external {
        bought(ada, CAP);
        sale.withdraw();
        vm.deal(address(sale), CAP);

        vm.expectRevert(due(beneficiary));
        sale.withdraw();
    }

    function test_withdraw_CannotBeEnteredTwice() external {
        Reentrant thief = new Reentrant();
        ISale.Plan memory plan = terms();
        plan.beneficiary = address(thief);
        Sale other = deploy(plan);
        coin.transfer(address(other), NEEDED);
        vm.warp(opensAt);
        vm.prank(ada);
        other.buy{value: CAP}();
        vm.deal(address(other), 2 * uint256(CAP));

        thief.attack(other, abi.encodeCall(ISale.withdraw, ()));

        assertEq(thief.entries(), 1, "entries");
        assertEq(address(thief).balance, CAP, "proceeds");
    }

    function testFuzz_withdraw_SendsAllThatWasRaisedToTheBeneficiary(uint256 amount) external {
        amount = bound(amount, GOAL, CAP);
        bought(ada, amount);
        vm.warp(closesAt);

        vm.expectEmit(address(sale));
        emit ISale.Withdrawn(amount);
        vm.prank(bob);
        sale.withdraw();

        assertEq(beneficiary.balance, amount, "proceeds");
        assertEq(address(sale).balance, 0, "left");
        assertEq(sale.raised(), amount, "raised");
    }

    function test_withdraw_LeavesWhatWasForcedOnTheSale() external {
        bought(ada, CAP);
        vm.deal(address(sale), CAP + 5);

        sale.withdraw();

        assertEq(beneficiary.balance, CAP, "proceeds");
        assertEq(address(sale).balance, 5, "left");
    }

    function test_settle_RefusesWhileTheSaleIsOpen() external {
        bought(ada, GOAL);

        vm.expectRevert(wrong(ISale.Phase.Open));
        sale.settle();
    }

    function testFuzz_settle_SendsTheTeamItsShareThroughVestingAndTheRestToTheTreasury(uint256 amount) external {
        amount = bound(amount, GOAL, CAP);
        bought(ada, amount);
        vm.warp(closesAt);

        vm.expectEmit(address(sale));
        emit ISale.Settled(TEAM_COINS, (CAP - amount) * RATE);
        sale.settle();

        assertEq(coin.balanceOf(address(vesting)), TEAM_COINS, "vesting");
        assertEq(coin.balanceOf(team), 0, "team");
        assertEq(coin.balanceOf(treasury), (CAP - amount) * RATE, "treasury");
    }

    function test_settle_LeavesWhatBuyersAreOwed() external {
        bought(ada, 3 ether);
        bought(bob, 2 ether);
        vm.warp(closesAt);
        sale.collect(ada);

        sale.settle();

        assertEq(coin.balanceOf(address(sale)), 2 ether * RATE, "Bob's");
    }

    function test_settle_WorksOnceAfterSuccess() external {
        bought(ada, GOAL);
        vm.warp(closesAt);
        sale.settle();

        vm.expectRevert(due(treasury));
        sale.settle();
    }

    function test_settle_SendsAllCoinToTheTreasury() external {
        bought(ada, GOAL - 1);
        vm.warp(closesAt);

        vm.expectEmit(address(sale));
        emit ISale.Settled(0, NEEDED);
        sale.settle();

        assertEq(coin.balanceOf(treasury), NEEDED, "treasury");
        assertEq(coin.balanceOf(address(vesting)), 0, "vesting");
    }

    function test_settle_SendsHomeWhatArrivesLater() external {
        vm.warp(closesAt);
        sale.settle();
        coin.transfer(address(sale), 7);

        sale.settle();

        assertEq(coin.balanceOf(treasury), NEEDED + 7, "treasury");
    }

    function test_plan_SaysWhatTheSaleWasDeployedWith() external view {
        assertEq(abi.encode(sale.plan()), abi.encode(terms()), "plan");
    }

    function testFuzz_phase_IsPendingBeforeTheOpening(uint256 time) external {
        vm.warp(bound(time, 0, opensAt - 1));

        assertPhase(ISale.Phase.Pending);
    }

    function testFuzz_phase_IsOpenBetweenTheDates(uint256 time, uint256 amount) external {
        bought(ada, bound(amount, 1, CAP - 1));

        vm.warp(bound(time, opensAt, closesAt - 1));

        assertPhase(ISale.Phase.Open);
    }

    function testFuzz_phase_HasFailedAtTheCloseBelowTheGoal(uint256 time, uint256 amount) external {
        bought(ada, bound(amount, 1, GOAL - 1));

        vm.warp(bound(time, closesAt, type(uint64).max));

        assertPhase(ISale.Phase.Failed);
    }

    function testFuzz_phase_HasSucceededAtTheCloseWithTheGoal(uint256 time, uint256 amount) external {
        bought(ada, bound(amount, GOAL, CAP));

        vm.warp(bound(time, closesAt, type(uint64).max));

        assertPhase(ISale.Phase.Succeeded);
    }

    function test_phase_HasSucceededAtOnce() external {
        bought(ada, CAP);

        assertPhase(ISale.Phase.Succeeded);
    }

    function testFuzz_raised_IsTheSumOfAllPayments(uint256 first, uint256 second) external {
        first = bound(first, 1, CAP - 1);
        second = bound(second, 1, CAP - first);

        bought(ada, first);
        bought(bob, second);

        assertEq(sale.raised(), first + second, "raised");
    }

    function test_paid_IsZeroAgainOnceDeliveredOrRefunded() external {
        bought(ada, 1 ether);
        bought(bob, 1 ether);
        vm.warp(closesAt);

        vm.prank(ada);
        sale.refund();

        assertEq(sale.paid(ada), 0, "Ada's");
        assertEq(sale.paid(bob), 1 ether, "Bob's");
    }

    function test_vesting_ReleasesNothingBeforeTheCliff() external {
        settled();
        vm.warp(closesAt + CLIFF_S - 1);

        vesting.release(address(coin));

        assertEq(coin.balanceOf(team), 0, "team");
    }

    function testFuzz_vesting_ReleasesInProportionToTime(uint256 sinceS) external {
        sinceS = bound(sinceS, CLIFF_S, 2 * VESTING_S);
        settled();
        vm.warp(closesAt + sinceS);

        vesting.release(address(coin));

        uint256 share = sinceS >= VESTING_S ? TEAM_COINS : (TEAM_COINS * sinceS) / VESTING_S;
        assertEq(coin.balanceOf(team), share, "team");
        assertEq(vesting.owner(), team, "owner");
    }

    function bought(address buyer, uint256 amount) private {
        vm.warp(opensAt);
        vm.prank(buyer);
        sale.buy{value: amount}();
    }

    function settled() private {
        bought(ada, CAP);
        sale.settle();
    }

    function refused(ISale.Plan memory plan, string memory field) private {
        vm.expectRevert(abi.encodeWithSelector(ISale.Sale_BadPlan.selector, field));
        this.deployed(plan);
    }

    function deployed(ISale.Plan memory plan) external {
        deploy(plan);
    }

    function assertPhase(ISale.Phase wanted) private view {
        assertEq(uint256(sale.phase()), uint256(wanted), "phase");
    }

    function wrong(ISale.Phase phase) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ISale.Sale_WrongPhase.selector, phase);
    }

    function due(address who) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ISale.Sale_NothingDue.selector, who);
    }
}
