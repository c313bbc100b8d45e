// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Coin} from "../../Coin.sol";
import {ISale} from "../../ISale.sol";
import {Sale} from "../../Sale.sol";
import {Test} from "../support/Test.sol";

/// @title SaleFixture
/// @notice A coin, and a sale of it that opens in a day and closes thirty days later.
abstract contract SaleFixture is Test {
    uint128 internal constant RATE = 500;
    uint128 internal constant GOAL = 4 ether;
    uint128 internal constant CAP = 10 ether;
    uint128 internal constant TEAM_COINS = 1000 ether;
    uint256 internal constant NEEDED = uint256(CAP) * RATE + TEAM_COINS;
    uint64 internal constant CLIFF_S = 180 days;
    uint64 internal constant VESTING_S = 730 days;

    uint64 internal immutable opensAt = uint64(block.timestamp) + 1 days;
    uint64 internal immutable closesAt = uint64(block.timestamp) + 31 days;
    // Plain numbers, since to halmos an address that was made from a key could be anyone's.
    address internal immutable beneficiary = address(0xBE4E);
    address internal immutable treasury = address(0x74EA);
    address internal immutable team = address(0x7EA4);

    Coin internal coin = new Coin("Spare", "SPARE", 1_000_000 ether);

    function terms() internal view returns (ISale.Plan memory) {
        return ISale.Plan(coin, RATE, GOAL, CAP, opensAt, closesAt, beneficiary, treasury, TEAM_COINS);
    }

    function deploy(ISale.Plan memory plan) internal returns (Sale) {
        return new Sale(plan, team, CLIFF_S, VESTING_S);
    }
}
