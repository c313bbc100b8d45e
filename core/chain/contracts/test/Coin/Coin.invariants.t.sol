// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Coin} from "../../Coin.sol";
import {Test} from "../support/Test.sol";

/// @title CoinHandler
/// @notice Moves coin among a few holders, with and without allowances.
contract CoinHandler is Test {
    Coin private immutable coin;
    address[] private holders;

    constructor(Coin coin_) {
        coin = coin_;
        for (uint256 i = 0; i < 4; ++i) {
            holders.push(address(uint160(0xC0000 + i)));
        }
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external {
        address sender = holders[from % holders.length];
        amount = bound(amount, 0, coin.balanceOf(sender));

        vm.prank(sender);
        coin.transfer(holders[to % holders.length], amount);
    }

    function transferFrom(uint256 from, uint256 to, uint256 by, uint256 amount) external {
        address owner = holders[from % holders.length];
        address spender = holders[by % holders.length];
        amount = bound(amount, 0, coin.balanceOf(owner));
        vm.prank(owner);
        coin.approve(spender, amount);

        vm.prank(spender);
        coin.transferFrom(owner, holders[to % holders.length], amount);
    }

    function everyone() external view returns (address[] memory) {
        return holders;
    }
}

contract CoinInvariants is Test {
    uint256 private constant SUPPLY = 1_000_000 ether;

    Coin private coin;
    CoinHandler private handler;

    function setUp() external {
        coin = new Coin("Spare", "SPARE", SUPPLY);
        handler = new CoinHandler(coin);
        coin.transfer(handler.everyone()[0], SUPPLY);
        targetContract(address(handler));
    }

    function invariant_TheSupplyIsConstantAndHeldByTheHolders() external view {
        assertEq(coin.totalSupply(), SUPPLY, "supply");
        uint256 held;
        address[] memory holders = handler.everyone();
        for (uint256 i = 0; i < holders.length; ++i) {
            held += coin.balanceOf(holders[i]);
        }
        assertEq(held, SUPPLY, "held");
    }
}
