// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Coin} from "../../Coin.sol";
import {ILeases} from "../../ILeases.sol";
import {Leases} from "../../Leases.sol";
import {HandledFixture, LeasesHandler} from "./LeasesHandler.sol";

/// @notice The invariants L1 to L10 that ILeases states.
contract LeasesInvariants is HandledFixture {
    function invariant_L1_PaidAndRemainingMakeUpTheDeposit() external view {
        LeasesHandler.Deal[] memory deals = handler.deals();
        uint256 refunds;
        for (uint256 i = 0; i < deals.length; ++i) {
            LeasesHandler.Part[] memory parts = handler.partsOf(i);
            ILeases.Word memory word = leases.lease(deals[i].id);
            uint256 sum = word.remaining;
            for (uint256 j = 0; j < parts.length; ++j) {
                sum += paid(deals[i], parts[j]);
            }
            assertEq(sum, deals[i].terms.deposit, "deposit");
            if (word.status == ILeases.Status.Ended) refunds += word.remaining;
        }

        uint256 arrived;
        address[] memory owners = handler.accounts();
        for (uint256 i = 0; i < owners.length; ++i) {
            arrived += handler.refunded(owners[i]);
        }
        assertEq(arrived, refunds, "refunds");
    }

    function invariant_L2_NoShareIsPaidBeyondItsCapOrWhatWasSigned() external view {
        LeasesHandler.Deal[] memory deals = handler.deals();
        for (uint256 i = 0; i < deals.length; ++i) {
            LeasesHandler.Part[] memory parts = handler.partsOf(i);
            for (uint256 j = 0; j < parts.length; ++j) {
                assertLe(paid(deals[i], parts[j]), parts[j].share.cap, "cap");
                assertLe(paid(deals[i], parts[j]), parts[j].signed, "signed");
            }
        }
    }

    function invariant_L3_WhatAShareWasPaidOnlyGrows() external view {
        LeasesHandler.Deal[] memory deals = handler.deals();
        for (uint256 i = 0; i < deals.length; ++i) {
            LeasesHandler.Part[] memory parts = handler.partsOf(i);
            for (uint256 j = 0; j < parts.length; ++j) {
                assertEq(paid(deals[i], parts[j]), parts[j].seenPaid, "paid");
            }
        }
    }

    function invariant_L4_OnlyTheSharesDonorIsPaidAndOnlyTheRenterRefunded() external view {
        address[] memory owners = handler.accounts();
        uint256[] memory earned = new uint256[](owners.length);
        uint256[] memory refunded = new uint256[](owners.length);
        LeasesHandler.Deal[] memory deals = handler.deals();
        for (uint256 i = 0; i < deals.length; ++i) {
            LeasesHandler.Part[] memory parts = handler.partsOf(i);
            for (uint256 j = 0; j < parts.length; ++j) {
                earned[placeOf(parts[j].share.donor, owners)] += paid(deals[i], parts[j]);
            }
            ILeases.Word memory word = leases.lease(deals[i].id);
            if (word.status != ILeases.Status.Ended) continue;
            refunded[placeOf(deals[i].terms.renter, owners)] += word.remaining;
        }

        for (uint256 k = 0; k < owners.length; ++k) {
            assertEq(handler.earned(owners[k]), earned[k], "earned");
            assertEq(handler.refunded(owners[k]), refunded[k], "refunded");
        }
    }

    function invariant_L5_ALeaseOnlyMovesForward() external view {
        LeasesHandler.Deal[] memory deals = handler.deals();
        for (uint256 i = 0; i < deals.length; ++i) {
            ILeases.Status wanted = ILeases.Status.Open;
            if (deals[i].closedAt != 0) wanted = ILeases.Status.Closing;
            if (deals[i].sweptAt != 0) wanted = ILeases.Status.Ended;
            ILeases.Word memory word = leases.lease(deals[i].id);
            assertEq(uint256(word.status), uint256(wanted), "status");
            assertEq(word.openedAt, deals[i].openedAt, "opened at");
        }
        assertEq(handler.illegalMoves(), 0, "back or never opened");
        assertEq(handler.foreignCloses(), 0, "neither the renter nor the session key");
    }

    function invariant_L6_TheTimeForClaimsEndsWithTheGraceAndIsNeverPutOff() external view {
        LeasesHandler.Deal[] memory deals = handler.deals();
        for (uint256 i = 0; i < deals.length; ++i) {
            ILeases.Terms memory terms = deals[i].terms;
            uint256 wanted = terms.endsAt + terms.graceS;
            uint256 closedAt = deals[i].closedAt;
            if (closedAt != 0 && closedAt < terms.endsAt) wanted = closedAt + terms.graceS;
            assertEq(leases.lease(deals[i].id).claimableUntil, wanted, "claimable until");
            assertLe(deals[i].paidAt, wanted, "paid too late");
            if (deals[i].sweptAt != 0) assertGt(deals[i].sweptAt, wanted, "swept too early");
        }
    }

    function invariant_L7_AQuotedLeaseReservesItsPenaltiesOnceAndFreesEachOnce() external view {
        address[] memory owners = handler.accounts();
        uint256[] memory reserved = new uint256[](owners.length);
        LeasesHandler.Deal[] memory deals = handler.deals();
        for (uint256 i = 0; i < deals.length; ++i) {
            LeasesHandler.Part[] memory parts = handler.partsOf(i);
            for (uint256 j = 0; j < parts.length; ++j) {
                bool freed = leases.isFreed(deals[i].id, parts[j].share.index);
                assertEq(parts[j].frees - parts[j].restores, freed ? 1 : 0, "freed");
                if (!deals[i].quoted || freed) continue;
                reserved[placeOf(parts[j].share.donor, owners)] += parts[j].share.penalty;
            }
        }

        for (uint256 k = 0; k < owners.length; ++k) {
            uint256 wanted = reserved[k] + handler.seatsOf(owners[k]);
            assertEq(leases.accountOf(owners[k]).reserved, wanted, "reserved");
        }
        assertEq(handler.earlyReleases(), 0, "released too early");
    }

    function invariant_L8_OnlyADonorsOwnUnexpiredSignatureReservesItsStake() external view {
        LeasesHandler.Deal[] memory deals = handler.deals();
        for (uint256 i = 0; i < deals.length; ++i) {
            assertEq(leases.lease(deals[i].id).quoted, deals[i].quoted, "quoted");
            if (!deals[i].quoted) continue;
            LeasesHandler.Part[] memory parts = handler.partsOf(i);
            for (uint256 j = 0; j < parts.length; ++j) {
                assertEq(parts[j].acceptedBy, parts[j].share.donor, "accepted by");
                assertLe(deals[i].openedAt, parts[j].acceptedUntil, "accepted until");
            }
        }
    }

    function invariant_L9_OnlyJudgesSeizeInTimeAndNoMoreThanThePenalty() external view {
        assertEq(handler.foreignSeizures(), 0, "neither the trials nor the court, or without the donor's word");
        assertEq(handler.lateSeizures(), 0, "too late");
        uint256 count = handler.deals().length;
        for (uint256 i = 0; i < count; ++i) {
            LeasesHandler.Part[] memory parts = handler.partsOf(i);
            for (uint256 j = 0; j < parts.length; ++j) {
                assertLe(parts[j].seizedMost, parts[j].share.penalty, "seized");
            }
        }
    }

    function invariant_L10_ARetiredShareStaysRetired() external view {
        LeasesHandler.Deal[] memory deals = handler.deals();
        for (uint256 i = 0; i < deals.length; ++i) {
            LeasesHandler.Part[] memory parts = handler.partsOf(i);
            for (uint256 j = 0; j < parts.length; ++j) {
                (, uint256 retiredAt) = leases.shareOf(deals[i].id, parts[j].share.index);
                assertEq(retiredAt, parts[j].retiredAt, "retired at");
            }
        }
        assertEq(handler.foreignRetirements(), 0, "not the donor, or a second time");
    }

    /// @dev What a handler could do proves nothing unless it does it: every action, within as many calls as a quick run has.
    function test_EveryActionOfTheHandlerSucceeds() external {
        bytes4[] memory selectors = actions();
        string[27] memory names = [
            "bond",
            "burn",
            "charge",
            "claim",
            "claim of several leases",
            "close",
            "collect",
            "convict",
            "deposit",
            "deposit with permit",
            "give",
            "open",
            "open, quoted",
            "release by anyone",
            "release by the renter",
            "reopen, in vain",
            "reserve",
            "restore",
            "restore and reserve",
            "retire",
            "seize a seat",
            "seize what is reserved",
            "seize what is there",
            "sweep",
            "thaw",
            "unreserve",
            "withdraw"
        ];
        uint256[27] memory times;

        for (uint256 round = 0; round < 32; ++round) {
            coin = new Coin("Spare", "SPARE", type(uint96).max);
            leases = new Leases(address(coin), TRIALS, COURT, periods());
            handle();
            for (uint256 i = 0; i < 50; ++i) {
                uint256 seed = uint256(keccak256(abi.encode(round, i)));
                (bool done,) = address(handler).call(abi.encodeWithSelector(selectors[seed % 16], seed));
                assertTrue(done, "a call of the handler");
            }
            for (uint256 i = 0; i < names.length; ++i) {
                times[i] += handler.times(names[i]);
            }
        }

        for (uint256 i = 0; i < names.length; ++i) {
            assertGt(times[i], 0, names[i]);
        }
    }

    function paid(LeasesHandler.Deal memory deal, LeasesHandler.Part memory part) private view returns (uint256 sum) {
        (sum,) = leases.shareOf(deal.id, part.share.index);
    }

    function placeOf(address owner, address[] memory owners) private pure returns (uint256 place) {
        while (owners[place] != owner) ++place;
    }
}
