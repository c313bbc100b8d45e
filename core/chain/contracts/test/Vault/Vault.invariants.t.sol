// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "../../ILeases.sol";
import {IVault} from "../../IVault.sol";
import {HandledFixture, LeasesHandler} from "../Leases/LeasesHandler.sol";

/// @notice The invariants V1 to V8 that IVault states.
contract VaultInvariants is HandledFixture {
    function invariant_V1_TheCoinHeldIsAllAccountsAndWhatRemainsOfAllLeases() external view {
        uint256 sum;
        address[] memory owners = handler.accounts();
        for (uint256 i = 0; i < owners.length; ++i) {
            sum += holding(owners[i]);
        }
        LeasesHandler.Deal[] memory deals = handler.deals();
        for (uint256 i = 0; i < deals.length; ++i) {
            ILeases.Word memory word = leases.lease(deals[i].id);
            if (word.status != ILeases.Status.Ended) sum += word.remaining;
        }

        // Coin that was sent past `deposit` is in nobody's account.
        assertEq(coin.balanceOf(address(leases)), sum + handler.strays(), "held");
    }

    function invariant_V2_ReservedIsNeverMoreThanBonded() external view {
        address[] memory owners = handler.accounts();
        for (uint256 i = 0; i < owners.length; ++i) {
            IVault.Account memory now_ = leases.accountOf(owners[i]);
            assertLe(now_.reserved, now_.bonded, "reserved");
        }
    }

    function invariant_V3_CoinIsWhereItsOwnerAnAwardAnEarningOrASeizurePutIt() external view {
        address[] memory owners = handler.accounts();
        for (uint256 i = 0; i < owners.length; ++i) {
            IVault.Account memory now_ = leases.accountOf(owners[i]);
            LeasesHandler.Book memory book = handler.bookOf(owners[i]);
            assertEq(now_.free, book.free, "free");
            assertEq(now_.bonded, book.bonded, "bonded");
            assertEq(now_.thawing, book.thawing, "thawing");
        }
        assertEq(handler.usurpations(), 0, "neither the trials nor the court");
    }

    function invariant_V4_NothingBondedIsFreeBeforeItHasThawed() external view {
        assertGe(handler.shortestWait(), THAW_S, "collected");
        address[] memory owners = handler.accounts();
        for (uint256 i = 0; i < owners.length; ++i) {
            IVault.Account memory now_ = leases.accountOf(owners[i]);
            uint256 from = handler.bookOf(owners[i]).thawsFrom;
            if (now_.thawing != 0) assertEq(now_.thawsAt, from + THAW_S, "thaws at");
        }
    }

    function invariant_V5_ThawingOutlastsTheTrialsOfAllLeasesThatWereOpen() external view {
        LeasesHandler.Deal[] memory deals = handler.deals();
        address[] memory owners = handler.accounts();
        for (uint256 i = 0; i < owners.length; ++i) {
            IVault.Account memory now_ = leases.accountOf(owners[i]);
            if (now_.thawing == 0) continue;
            for (uint256 j = 0; j < deals.length; ++j) {
                if (deals[j].openedAt > handler.bookOf(owners[i]).thawsFrom) continue;
                uint256 triableUntil = uint256(leases.lease(deals[j].id).claimableUntil) + TRIAL_WINDOW_S;
                assertGt(now_.thawsAt, triableUntil, "thaws at");
            }
        }
    }

    function invariant_V6_WhatIsBurnedStaysBurned() external view {
        assertEq(holding(address(0)), handler.burned(), "burned");
    }

    function invariant_V7_AnEarningArrivesWhole() external view {
        assertEq(handler.arrivedFree() + handler.arrivedBonded(), handler.paidOut(), "arrived");
        assertEq(handler.arrivedBonded(), handler.heldBack(), "held back");
    }

    function invariant_V8_TheRateHeldBackOnlyFallsExceptThroughAConviction() external view {
        assertEq(handler.rises(), 0, "rises");
        address[] memory owners = handler.accounts();
        for (uint256 i = 0; i < owners.length; ++i) {
            uint256 since = handler.bookOf(owners[i]).since;
            assertEq(leases.accountOf(owners[i]).since, since, "since");
            uint256 periods = since == 0 ? 0 : (block.timestamp - since) / HOLD_PERIOD_S;
            assertEq(leases.heldBack(owners[i], 4), periods < 3 ? 3 - periods : 0, "rate");
        }
    }

    function holding(address owner) private view returns (uint256) {
        IVault.Account memory now_ = leases.accountOf(owner);
        return uint256(now_.free) + now_.bonded + now_.thawing;
    }
}
