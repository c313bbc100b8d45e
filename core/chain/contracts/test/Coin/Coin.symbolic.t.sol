// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Coin} from "../../Coin.sol";
import {Test} from "../support/Test.sol";

/// @notice Proofs over all amounts, by halmos.
contract CoinSymbolic is Test {
    uint256 private constant SUPPLY = 1_000_000 ether;

    Coin private coin;

    function setUp() external {
        coin = new Coin("Spare", "SPARE", SUPPLY);
    }

    function check_ATransferTakesFromTheSenderWhatTheReceiverGets(address to, uint256 amount) external {
        vm.assume(to != address(this));

        (bool done,) = address(coin).call(abi.encodeCall(coin.transfer, (to, amount)));

        assertEq(done, amount <= SUPPLY && to != address(0), "transferred");
        assertEq(coin.balanceOf(address(this)), done ? SUPPLY - amount : SUPPLY, "the sender's");
        assertEq(coin.balanceOf(to), done ? amount : 0, "the receiver's");
        assertEq(coin.totalSupply(), SUPPLY, "supply");
    }

    function check_NobodyTakesWithoutAnAllowance(address thief, uint256 amount) external {
        vm.assume(thief != address(this) && amount != 0);

        vm.prank(thief);
        (bool done,) = address(coin).call(abi.encodeCall(coin.transferFrom, (address(this), thief, amount)));

        assertFalse(done, "taken");
        assertEq(coin.balanceOf(address(this)), SUPPLY, "the owner's");
    }
}
