// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Coin} from "../../Coin.sol";
import {ILeases} from "../../ILeases.sol";
import {IVault} from "../../IVault.sol";
import {Leases} from "../../Leases.sol";
import {LeasesFixture} from "../Leases/LeasesFixture.sol";

contract VaultTest is LeasesFixture {
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    /// @dev Panic(0x11): an amount fell below zero.
    bytes private constant BELOW_ZERO = abi.encodeWithSignature("Panic(uint256)", 0x11);

    address private ada;
    uint256 private adaKey;
    address private bob;

    function setUp() external {
        (ada, adaKey) = account("Ada");
        bob = addressOf("Bob");
    }

    function test_constructor_RefusesToBeWithoutTrials() external {
        refusesToDeploy(coin, address(0), COURT, periods(), "trials");
    }

    function test_constructor_RefusesToBeWithoutACourt() external {
        refusesToDeploy(coin, TRIALS, address(0), periods(), "court");
    }

    function test_constructor_RefusesASupplyThatMightNotFit() external {
        Coin large = new Coin("Large", "LARGE", uint256(type(uint96).max) + 1);

        refusesToDeploy(large, TRIALS, COURT, periods(), "coin");
    }

    function test_constructor_RefusesLeasesWithoutLength() external {
        IVault.Periods memory chosen = periods();
        chosen.longestLeaseS = 0;

        refusesToDeploy(coin, TRIALS, COURT, chosen, "longestLeaseS");
    }

    function test_constructor_RefusesHoldPeriodsWithoutLength() external {
        IVault.Periods memory chosen = periods();
        chosen.holdPeriodS = 0;

        refusesToDeploy(coin, TRIALS, COURT, chosen, "holdPeriodS");
    }

    function testFuzz_constructor_RefusesAThawThatATrialCanOutlast(
        uint32 leaseS,
        uint32 graceS,
        uint32 windowS,
        uint32 thawS
    ) external {
        uint256 provable = bound(leaseS, 1, type(uint32).max) + uint256(graceS) + windowS;
        IVault.Periods memory chosen = IVault.Periods(
            uint32(bound(leaseS, 1, type(uint32).max)),
            graceS,
            windowS,
            uint32(bound(thawS, 0, provable < type(uint32).max ? provable : type(uint32).max)),
            1
        );

        refusesToDeploy(coin, TRIALS, COURT, chosen, "thawS");
    }

    function test_constructor_AcceptsTheEdgesOfEveryBound() external {
        IVault.Periods memory chosen = IVault.Periods(1, 0, 0, 2, 1);

        Leases other = new Leases(address(coin), TRIALS, TRIALS, chosen);

        assertEq(IERC20(other.coin()).totalSupply(), type(uint96).max, "supply");
        assertEq(abi.encode(other.periods()), abi.encode(chosen), "periods");
    }

    function test_deposit_RefusesWhatTheCallerHasNotApproved() external {
        coin.transfer(ada, 10);
        vm.prank(ada);
        coin.approve(address(leases), 9);

        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(leases), 9, 10)
        );
        vm.prank(ada);
        leases.deposit(10);
    }

    function testFuzz_deposit_CreditsTheCallerWithWhatItPaid(uint96 first, uint256 second) external {
        second = bound(second, 0, type(uint96).max - first);
        hasFree(ada, first);
        coin.transfer(ada, second);
        vm.prank(ada);
        coin.approve(address(leases), second);

        vm.expectEmit(address(leases));
        emit IVault.Deposited(ada, second);
        vm.prank(ada);
        leases.deposit(second);

        assertAccount(ada, first + second, 0, 0, 0);
        assertEq(coin.balanceOf(address(leases)), first + second, "held");
        assertEq(coin.balanceOf(ada), 0, "left");
    }

    function test_depositWithPermit_DepositsWithoutAnEarlierApproval() external {
        coin.transfer(ada, 10);
        (uint8 v, bytes32 r, bytes32 s) = permit(7);

        vm.expectEmit(address(leases));
        emit IVault.Deposited(ada, 7);
        vm.prank(ada);
        leases.depositWithPermit(7, block.timestamp, v, r, s);

        assertAccount(ada, 7, 0, 0, 0);
        assertEq(coin.balanceOf(ada), 3, "left");
        assertEq(coin.allowance(ada, address(leases)), 0, "allowance");
    }

    function test_depositWithPermit_DepositsAlthoughSomebodyWasFaster() external {
        coin.transfer(ada, 10);
        (uint8 v, bytes32 r, bytes32 s) = permit(7);
        vm.prank(bob);
        coin.permit(ada, address(leases), 7, block.timestamp, v, r, s);

        vm.prank(ada);
        leases.depositWithPermit(7, block.timestamp, v, r, s);

        assertAccount(ada, 7, 0, 0, 0);
    }

    function test_depositWithPermit_RefusesAPermitThatIsNotTheCallers() external {
        coin.transfer(ada, 10);
        coin.transfer(bob, 10);
        (uint8 v, bytes32 r, bytes32 s) = permit(7);

        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(leases), 0, 7));
        vm.prank(bob);
        leases.depositWithPermit(7, block.timestamp, v, r, s);
    }

    function test_withdraw_RefusesMoreThanIsFree() external {
        hasFree(ada, 10);
        hasFree(bob, 10);

        vm.expectRevert(lacks(ada, 11, 10));
        vm.prank(ada);
        leases.withdraw(ada, 11);
    }

    function test_withdraw_RefusesWhatIsBondedOrThaws() external {
        hasBonded(ada, 10);
        vm.prank(ada);
        leases.thaw(4);

        vm.expectRevert(lacks(ada, 1, 0));
        vm.prank(ada);
        leases.withdraw(ada, 1);
    }

    function test_withdraw_RefusesAnAmountThatWouldBeCutShort() external {
        hasFree(ada, 10);

        vm.expectRevert(lacks(ada, 2 ** 96 + 1, 10));
        vm.prank(ada);
        leases.withdraw(ada, 2 ** 96 + 1);
    }

    function test_withdraw_RefusesToPayNobody() external {
        hasFree(ada, 10);

        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        vm.prank(ada);
        leases.withdraw(address(0), 10);
    }

    function testFuzz_withdraw_PaysTheNamedAddressOutOfTheCallersFreeCoin(uint96 had, uint256 amount) external {
        amount = bound(amount, 0, had);
        hasFree(ada, had);

        vm.expectEmit(address(leases));
        emit IVault.Withdrawn(ada, bob, amount);
        vm.prank(ada);
        leases.withdraw(bob, amount);

        assertAccount(ada, had - amount, 0, 0, 0);
        assertEq(coin.balanceOf(bob), amount, "paid");
        assertEq(coin.balanceOf(address(leases)), had - amount, "held");
    }

    function test_give_RefusesMoreThanIsFree() external {
        hasFree(ada, 10);

        vm.expectRevert(lacks(ada, 11, 10));
        vm.prank(ada);
        leases.give(bob, 11);
    }

    function testFuzz_give_MovesFreeCoinToTheOtherAccount(uint96 had, uint256 amount) external {
        amount = bound(amount, 0, had);
        hasFree(ada, had);

        vm.expectEmit(address(leases));
        emit IVault.Given(ada, bob, amount);
        vm.prank(ada);
        leases.give(bob, amount);

        assertAccount(ada, had - amount, 0, 0, 0);
        assertAccount(bob, amount, 0, 0, 0);
        assertEq(coin.balanceOf(address(leases)), had, "held");
    }

    function test_give_ChangesNothingWhereItGoesToTheGiver() external {
        hasFree(ada, 10);

        vm.prank(ada);
        leases.give(ada, 10);

        assertAccount(ada, 10, 0, 0, 0);
    }

    function test_give_BurnsWhatIsGivenToNobody() external {
        hasFree(ada, 10);

        vm.prank(ada);
        leases.give(address(0), 4);

        assertAccount(address(0), 4, 0, 0, 0);
        assertAccount(ada, 6, 0, 0, 0);
    }

    function test_bond_RefusesMoreThanIsFree() external {
        hasFree(ada, 10);

        vm.expectRevert(lacks(ada, 11, 10));
        vm.prank(ada);
        leases.bond(11);
    }

    function testFuzz_bond_TurnsFreeCoinIntoStake(uint96 had, uint256 amount) external {
        amount = bound(amount, 0, had);
        hasFree(ada, had);

        vm.expectEmit(address(leases));
        emit IVault.Bonded(ada, amount);
        vm.prank(ada);
        leases.bond(amount);

        assertAccount(ada, had - amount, amount, 0, 0);
    }

    function test_thaw_RefusesStakeThatIsReserved() external {
        hasBonded(ada, 10);
        vm.prank(TRIALS);
        leases.reserve(ada, 4);

        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_NotEnoughStake.selector, ada, 7, 6));
        vm.prank(ada);
        leases.thaw(7);
    }

    function testFuzz_thaw_TakesUnreservedStake(uint96 had, uint256 pledged, uint256 amount) external {
        pledged = bound(pledged, 0, had);
        amount = bound(amount, 0, had - pledged);
        hasBonded(ada, had);
        vm.prank(COURT);
        leases.reserve(ada, pledged);

        vm.expectEmit(address(leases));
        emit IVault.Thawing(ada, amount, uint32(block.timestamp) + THAW_S);
        vm.prank(ada);
        leases.thaw(amount);

        assertAccount(ada, 0, had - amount, pledged, amount);
        assertEq(leases.accountOf(ada).thawsAt, block.timestamp + THAW_S, "thaws at");
    }

    function test_thaw_MakesAllThatThawsWaitAnew() external {
        hasBonded(ada, 10);
        vm.prank(ada);
        leases.thaw(4);
        vm.warp(block.timestamp + THAW_S);

        vm.prank(ada);
        leases.thaw(1);

        assertAccount(ada, 0, 5, 0, 5);
        vm.warp(block.timestamp + THAW_S - 1);
        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_StillThawing.selector, ada, uint32(block.timestamp) + 1));
        vm.prank(ada);
        leases.collect();
    }

    function test_collect_RefusesUntilTheLastSecond() external {
        hasBonded(ada, 10);
        vm.prank(ada);
        leases.thaw(4);
        uint32 thawsAt = uint32(block.timestamp) + THAW_S;
        vm.warp(thawsAt - 1);

        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_StillThawing.selector, ada, thawsAt));
        vm.prank(ada);
        leases.collect();
    }

    function test_collect_FreesWhatHasThawedAndNothingElse() external {
        earns(ada, 100);
        hasBonded(ada, 10);
        uint32 since = leases.accountOf(ada).since;
        vm.prank(ada);
        leases.thaw(4);
        vm.warp(block.timestamp + THAW_S);

        vm.expectEmit(address(leases));
        emit IVault.Thawed(ada, 4);
        vm.prank(ada);
        leases.collect();

        assertAccount(ada, 25 + 4, 75 + 6, 0, 0);
        assertEq(leases.accountOf(ada).thawsAt, 0, "thaws at");
        assertEq(leases.accountOf(ada).since, since, "since");
    }

    function test_collect_DoesNothingWhereNothingThaws() external {
        hasFree(ada, 10);

        vm.prank(ada);
        leases.collect();

        assertAccount(ada, 10, 0, 0, 0);
    }

    function test_charge_IsForTheTrialsAndTheCourtOnly() external {
        hasFree(ada, 10);

        vm.expectRevert(foreign(bob));
        vm.prank(bob);
        leases.charge(ada, 1);
    }

    function test_charge_RefusesMoreThanIsFree() external {
        hasFree(ada, 10);

        vm.expectRevert(lacks(ada, 11, 10));
        vm.prank(COURT);
        leases.charge(ada, 11);
    }

    function test_charge_MovesFreeCoinToTheJudge() external {
        hasFree(ada, 10);

        vm.expectEmit(address(leases));
        emit IVault.Given(ada, TRIALS, 4);
        vm.prank(TRIALS);
        leases.charge(ada, 4);
        vm.prank(COURT);
        leases.charge(ada, 5);

        assertAccount(ada, 1, 0, 0, 0);
        assertAccount(TRIALS, 4, 0, 0, 0);
        assertAccount(COURT, 5, 0, 0, 0);
    }

    function test_reserve_IsForTheTrialsAndTheCourtOnly() external {
        hasBonded(ada, 10);

        vm.expectRevert(foreign(ada));
        vm.prank(ada);
        leases.reserve(ada, 1);
    }

    function test_reserve_RefusesMoreThanIsUnreserved() external {
        hasBonded(ada, 10);
        vm.startPrank(COURT);
        leases.reserve(ada, 4);

        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_NotEnoughStake.selector, ada, 7, 6));
        leases.reserve(ada, 7);
    }

    function testFuzz_reserve_PledgesStake(uint96 had, uint256 first, uint256 second) external {
        first = bound(first, 0, had);
        second = bound(second, 0, had - first);
        hasBonded(ada, had);

        vm.prank(TRIALS);
        leases.reserve(ada, first);
        vm.prank(COURT);
        leases.reserve(ada, second);

        assertAccount(ada, 0, had, first + second, 0);
    }

    function test_unreserve_IsForTheTrialsAndTheCourtOnly() external {
        hasBonded(ada, 10);
        vm.prank(COURT);
        leases.reserve(ada, 4);

        vm.expectRevert(foreign(ada));
        vm.prank(ada);
        leases.unreserve(ada, 4);
    }

    function test_unreserve_RefusesMoreThanIsReserved() external {
        hasBonded(ada, 10);
        vm.startPrank(COURT);
        leases.reserve(ada, 4);

        vm.expectRevert(BELOW_ZERO);
        leases.unreserve(ada, 5);
    }

    function test_unreserve_EndsThePledge() external {
        hasBonded(ada, 10);
        vm.startPrank(COURT);
        leases.reserve(ada, 4);

        leases.unreserve(ada, 3);

        assertAccount(ada, 0, 10, 1, 0);
    }

    function test_seizeReserved_IsForTheTrialsAndTheCourtOnly() external {
        hasBonded(ada, 10);
        vm.prank(COURT);
        leases.reserve(ada, 4);

        vm.expectRevert(foreign(bob));
        vm.prank(bob);
        leases.seizeReserved(ada, 4);
    }

    function test_seizeReserved_RefusesMoreThanIsReserved() external {
        hasBonded(ada, 10);
        vm.startPrank(COURT);
        leases.reserve(ada, 4);

        vm.expectRevert(BELOW_ZERO);
        leases.seizeReserved(ada, 5);
    }

    function test_seizeReserved_TakesThePledgeIntoTheJudgesAccount() external {
        hasBonded(ada, 10);
        vm.startPrank(COURT);
        leases.reserve(ada, 4);

        vm.expectEmit(address(leases));
        emit IVault.Seized(ada, COURT, 3);
        leases.seizeReserved(ada, 3);

        assertAccount(ada, 0, 7, 1, 0);
        assertAccount(COURT, 3, 0, 0, 0);
    }

    function test_convict_IsForTheTrialsAndTheCourtOnly() external {
        vm.expectRevert(foreign(bob));
        vm.prank(bob);
        leases.convict(ada);
    }

    function test_convict_StartsTheAgeAnew() external {
        earns(ada, 100);
        vm.warp(block.timestamp + 3 * HOLD_PERIOD_S);
        assertEq(leases.heldBack(ada, 100), 0, "before");

        vm.expectEmit(address(leases));
        emit IVault.Convicted(ada);
        vm.prank(TRIALS);
        leases.convict(ada);

        assertEq(leases.heldBack(ada, 100), 75, "after");
        assertEq(leases.accountOf(ada).since, block.timestamp, "since");
        assertAccount(ada, 25, 75, 0, 0);
    }

    function test_accountOf_IsEmptyForAStranger() external view {
        assertAccount(ada, 0, 0, 0, 0);
        assertEq(leases.accountOf(ada).thawsAt, 0, "thaws at");
        assertEq(leases.accountOf(ada).since, 0, "since");
    }

    function test_accountOf_TellsEveryPlaceApart() external {
        uint32 start = uint32(block.timestamp);
        hasBonded(ada, 100);
        earns(ada, 8);
        vm.prank(COURT);
        leases.reserve(ada, 5);
        vm.warp(start + 1);
        vm.prank(ada);
        leases.thaw(10);

        IVault.Account memory now_ = leases.accountOf(ada);

        IVault.Account memory wanted = IVault.Account(2, 96, 5, 10, start + 1 + THAW_S, start);
        assertEq(abi.encode(now_), abi.encode(wanted), "account");
    }

    function testFuzz_heldBack_IsThreeQuartersBeforeTheFirstEarning(uint128 amount, uint32 later) external {
        vm.warp(block.timestamp + later);

        assertEq(leases.heldBack(ada, amount), (uint256(amount) * 3) / 4, "held");
    }

    function test_heldBack_FallsByAQuarterAtTheEndOfEachPeriod() external {
        earns(ada, 100);
        uint256 since = block.timestamp;

        for (uint256 period = 0; period < 3; ++period) {
            vm.warp(since + period * HOLD_PERIOD_S);
            assertEq(leases.heldBack(ada, 100), 75 - 25 * period, "at its start");
            vm.warp(since + (period + 1) * HOLD_PERIOD_S - 1);
            assertEq(leases.heldBack(ada, 100), 75 - 25 * period, "at its end");
        }

        vm.warp(since + 3 * HOLD_PERIOD_S);
        assertEq(leases.heldBack(ada, 100), 0, "afterwards");
    }

    function testFuzz_heldBack_NeverGrowsWithAge(uint128 amount, uint32 first, uint32 second) external {
        earns(ada, 1);
        vm.warp(block.timestamp + bound(first, 0, 4 * HOLD_PERIOD_S));
        uint256 young = leases.heldBack(ada, amount);

        vm.warp(block.timestamp + bound(second, 0, 4 * HOLD_PERIOD_S));

        assertLe(leases.heldBack(ada, amount), young, "held");
    }

    function testFuzz_heldBack_IsWhatAnEarningPutsIntoTheStake(uint80 amount, uint256 age) external {
        amount = uint80(bound(amount, 1, type(uint80).max));
        earns(ada, 1);
        vm.warp(block.timestamp + bound(age, 0, 4 * HOLD_PERIOD_S));
        uint256 held = leases.heldBack(ada, amount);

        earns(ada, amount);

        // Of the first unit nothing could be held back.
        assertAccount(ada, 1 + uint256(amount) - held, held, 0, 0);
    }

    function test_heldBack_CountsFromTheFirstEarningOnly() external {
        earns(ada, 100);
        vm.warp(block.timestamp + HOLD_PERIOD_S);

        earns(ada, 100);

        assertAccount(ada, 25 + 50, 75 + 50, 0, 0);
        assertEq(leases.accountOf(ada).since, block.timestamp - HOLD_PERIOD_S, "since");
    }

    function test_heldBack_LeavesAnOldDonorsStakeAlone() external {
        earns(ada, 100);
        vm.warp(block.timestamp + 3 * HOLD_PERIOD_S);

        earns(ada, 100);

        assertAccount(ada, 25 + 100, 75, 0, 0);
    }

    function test_periods_SaysWhatTheVaultWasDeployedWith() external view {
        assertEq(abi.encode(leases.periods()), abi.encode(periods()), "periods");
    }

    function test_coin_IsTheOneItWasDeployedWith() external view {
        assertEq(leases.coin(), address(coin), "coin");
    }

    function test_trials_IsTheOneItWasDeployedWith() external view {
        assertEq(leases.trials(), TRIALS, "trials");
    }

    function test_court_IsTheOneItWasDeployedWith() external view {
        assertEq(leases.court(), COURT, "court");
    }

    function test_StakeIsSeizedBeforeWhatThawsAndIsBondedWhenRestored() external {
        ILeases.Share[] memory shares = new ILeases.Share[](1);
        shares[0] = ILeases.Share(0, ada, 1, 9, 0);
        uint64 endsAt = uint64(block.timestamp) + 1;
        ILeases.Terms memory terms = ILeases.Terms(bob, bob, rootOf(shares), 1, endsAt, 0, 0);
        bytes32 leaseId = leases.leaseIdOf(terms);
        ILeases.Acceptance memory acceptance = acceptanceOf(leases, adaKey, leaseId, shares[0], endsAt);
        hasFree(bob, 1);
        vm.prank(bob);
        leases.open(terms);
        hasBonded(ada, 12);
        vm.prank(ada);
        leases.thaw(5);
        vm.startPrank(COURT);
        leases.reserve(ada, 1);

        leases.seize(terms, shares[0], proofOf(shares, 0), acceptance);
        assertAccount(ada, 0, 1, 1, 2);
        assertAccount(COURT, 9, 0, 0, 0);

        leases.restore(leaseId, 0, ada, 9);
        assertAccount(ada, 0, 10, 1, 2);
        assertAccount(COURT, 0, 0, 0, 0);
    }

    function refusesToDeploy(
        Coin coin_,
        address trials,
        address court,
        IVault.Periods memory chosen,
        string memory parameter
    ) private {
        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_BadParameter.selector, parameter));
        new Leases(address(coin_), trials, court, chosen);
    }

    /// @dev Ada's first permit.
    function permit(uint256 amount) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 hash = keccak256(abi.encode(PERMIT, ada, address(leases), amount, 0, block.timestamp));
        return vm.sign(adaKey, keccak256(abi.encodePacked("\x19\x01", coin.DOMAIN_SEPARATOR(), hash)));
    }

    function lacks(address owner, uint256 needed, uint256 free) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IVault.Vault_NotEnoughFree.selector, owner, needed, free);
    }

    function foreign(address caller) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IVault.Vault_NotAllowed.selector, caller);
    }
}
