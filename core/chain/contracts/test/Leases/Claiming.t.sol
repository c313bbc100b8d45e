// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "../../ILeases.sol";
import {IVault} from "../../IVault.sol";
import {LeasesScene} from "./LeasesScene.sol";

contract LeasesClaimingTest is LeasesScene {
    function test_claim_RefusesALeaseThatWasNeverOpened() external {
        vm.expectRevert(wrongStatus(leases.leaseIdOf(terms()), ILeases.Status.None));
        leases.claim(terms(), new ILeases.Claim[](0));
    }

    function test_claim_RefusesALeaseThatEnded() external {
        bytes32 leaseId = opened();
        vm.warp(endsAt + GRACE_S + 1);
        leases.sweep(terms());
        ILeases.Claim[] memory claims = claimed(0, 1);

        vm.expectRevert(wrongStatus(leaseId, ILeases.Status.Ended));
        leases.claim(terms(), claims);
    }

    function test_claim_RefusesOnceTheTimeIsOver() external {
        bytes32 leaseId = opened();
        ILeases.Claim[] memory claims = claimed(0, 1);
        vm.warp(endsAt + GRACE_S + 1);

        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_ClaimTooLate.selector, leaseId, endsAt + GRACE_S));
        leases.claim(terms(), claims);
    }

    function test_claim_PaysInTheLastSecond() external {
        bytes32 leaseId = opened();
        vm.warp(endsAt + GRACE_S);

        leases.claim(terms(), claimed(0, 8));

        assertPaid(leaseId, 0, 8);
    }

    function test_claim_PaysWhileTheLeaseCloses() external {
        bytes32 leaseId = opened();
        vm.prank(rosa);
        leases.close(terms());
        vm.warp(block.timestamp + GRACE_S);

        leases.claim(terms(), claimed(0, 8));

        assertPaid(leaseId, 0, 8);
    }

    function test_claim_RefusesAShareThatIsNotBehindTheRoot() external {
        bytes32 leaseId = opened();
        ILeases.Claim[] memory claims = claimed(0, 8);
        claims[0].cap += 1;

        vm.expectRevert(unknown(leaseId, 0));
        leases.claim(terms(), claims);
    }

    function test_claim_RefusesToPayAnyoneButTheSharesDonor() external {
        bytes32 leaseId = opened();
        ILeases.Claim[] memory claims = claimed(0, 8);
        claims[0].donor = bob;

        vm.expectRevert(unknown(leaseId, 0));
        leases.claim(terms(), claims);
    }

    function test_claim_RefusesAShareBeyondThe256th() external {
        ILeases.Share[] memory one = manyShares(1);
        one[0].index = 256;
        ILeases.Terms memory chosen = termsOver(one);
        vm.prank(rosa);
        bytes32 leaseId = leases.open(chosen);
        ILeases.Claim[] memory claims = new ILeases.Claim[](1);
        claims[0] = claimOf(leases, sessionKey, leaseId, one, 0, 1);

        // Panic(0x32): there is no place to keep what such a share was paid.
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x32));
        leases.claim(chosen, claims);
    }

    function test_claim_RefusesAVoucherBeyondTheCap() external {
        opened();
        ILeases.Claim[] memory claims = claimed(0, CAP + 1);

        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_OverCap.selector, 0, CAP + 1, CAP));
        leases.claim(terms(), claims);
    }

    function test_claim_RefusesAVoucherThatTheSessionKeyDidNotSign() external {
        bytes32 leaseId = opened();
        ILeases.Claim[] memory claims = claimed(0, 8);
        claims[0] = claimOf(leases, adaKey, leaseId, shares(), 0, 8);

        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_BadVoucher.selector, 0, 8));
        leases.claim(terms(), claims);
    }

    function test_claim_RefusesAVoucherOfAnotherShareOrAmountOrLease() external {
        opened();
        ILeases.Claim[] memory right = claimed(0, 8);
        ILeases.Claim[] memory wrong = claimed(1, 8);
        (wrong[0].r, wrong[0].vs) = (right[0].r, right[0].vs);
        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_BadVoucher.selector, 1, 8));
        leases.claim(terms(), wrong);

        wrong = claimed(0, 9);
        (wrong[0].r, wrong[0].vs) = (right[0].r, right[0].vs);
        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_BadVoucher.selector, 0, 9));
        leases.claim(terms(), wrong);

        wrong[0] = claimOf(leases, sessionKey, "another", shares(), 0, 8);
        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_BadVoucher.selector, 0, 8));
        leases.claim(terms(), wrong);
    }

    function test_claim_RefusesASignatureThatIsNone() external {
        opened();
        ILeases.Claim[] memory claims = claimed(0, 8);
        (claims[0].r, claims[0].vs) = (0, 0);

        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_BadVoucher.selector, 0, 8));
        leases.claim(terms(), claims);
    }

    function testFuzz_claim_PaysWhatAVoucherAddsToTheOnesBefore(uint128[6] calldata amounts, uint8[6] calldata which)
        external
    {
        bytes32 leaseId = opened();
        uint256[3] memory paid;

        for (uint256 i = 0; i < 6; ++i) {
            (uint256 index, uint128 amount) = (which[i] % 3, uint128(bound(amounts[i], 0, CAP)));
            leases.claim(terms(), claimed(index, amount));
            if (amount > paid[index]) paid[index] = amount;
        }

        for (uint256 i = 0; i < 3; ++i) {
            assertPaid(leaseId, uint32(i), paid[i]);
            IVault.Account memory donor = leases.accountOf(shares()[i].donor);
            assertEq(uint256(donor.free) + donor.bonded - STAKE, paid[i], "earned");
        }
        assertEq(leases.lease(leaseId).remaining, DEPOSIT - paid[0] - paid[1] - paid[2], "remaining");
    }

    function test_claim_HoldsPartOfANewDonorsEarningBack() external {
        bytes32 leaseId = opened();
        ILeases.Claim[] memory claims = claimed(1, 101);

        vm.expectEmit(address(leases));
        emit ILeases.SharePaid(leaseId, bob, 1, 101, 75);
        leases.claim(terms(), claims);

        assertAccount(bob, 26, STAKE + 75, 0, 0);
    }

    function test_claim_PassesOverWhatWasPaidBefore() external {
        bytes32 leaseId = opened();
        leases.claim(terms(), claimed(0, 8));
        ILeases.Claim[] memory claims = new ILeases.Claim[](3);
        claims[0] = claimed(0, 8)[0];
        claims[1] = claimed(0, 7)[0];
        claims[2] = claimed(1, 5)[0];

        leases.claim(terms(), claims);

        assertPaid(leaseId, 0, 8);
        assertPaid(leaseId, 1, 5);
        assertEq(leases.lease(leaseId).remaining, DEPOSIT - 13, "remaining");
    }

    function test_claim_RevertsTheWholeBatchWhereOneClaimIsWrong() external {
        bytes32 leaseId = opened();
        ILeases.Claim[] memory claims = new ILeases.Claim[](2);
        claims[0] = claimed(0, 8)[0];
        claims[1] = claimed(1, 5)[0];
        claims[1].vs = 0;

        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_BadVoucher.selector, 1, 5));
        leases.claim(terms(), claims);

        assertPaid(leaseId, 0, 0);
    }

    function testFuzz_claim_IsCutToWhatRemains(uint128 deposit, uint128 first, uint128 second) external {
        ILeases.Terms memory chosen = terms();
        chosen.deposit = uint128(bound(deposit, 1, DEPOSIT));
        first = uint128(bound(first, 1, CAP));
        second = uint128(bound(second, 1, CAP));
        vm.prank(rosa);
        bytes32 leaseId = leases.open(chosen);
        ILeases.Claim[] memory claims = new ILeases.Claim[](2);
        claims[0] = claimOf(leases, sessionKey, leaseId, shares(), 0, first);
        claims[1] = claimOf(leases, sessionKey, leaseId, shares(), 1, second);

        leases.claim(chosen, claims);

        uint256 ada_ = first < chosen.deposit ? first : chosen.deposit;
        uint256 left = chosen.deposit - ada_;
        assertPaid(leaseId, 0, ada_);
        assertPaid(leaseId, 1, second < left ? second : left);
        assertEq(leases.lease(leaseId).remaining, second < left ? left - second : 0, "remaining");
    }

    function test_claim_KeepsTheShareThatWasFirstInTheLeasesWord() external {
        bytes32 leaseId = opened();

        leases.claim(terms(), claimed(2, 8));
        leases.claim(terms(), claimed(0, 5));
        leases.claim(terms(), claimed(2, 9));

        assertEq(leases.lease(leaseId).first, 2, "first");
        assertEq(leases.lease(leaseId).firstPaid, 9, "first paid");
        assertPaid(leaseId, 0, 5);
        assertPaid(leaseId, 1, 0);
        assertPaid(leaseId, 2, 9);
    }

    function test_claim_LeavesAShareRetired() external {
        bytes32 leaseId = opened();
        leases.claim(terms(), claimed(0, 5));
        leases.claim(terms(), claimed(1, 4));
        retire(0, ada);
        retire(1, bob);
        assertPaid(leaseId, 0, 5);
        assertPaid(leaseId, 1, 4);

        ILeases.Claim[] memory claims = new ILeases.Claim[](2);
        claims[0] = claimed(0, 8)[0];
        claims[1] = claimed(1, 6)[0];
        leases.claim(terms(), claims);

        assertPaid(leaseId, 0, 8);
        assertPaid(leaseId, 1, 6);
        assertEq(retiredAt(leaseId, 0), block.timestamp, "Ada's");
        assertEq(retiredAt(leaseId, 1), block.timestamp, "Bob's");
    }
}
