// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "../../ILeases.sol";
import {ITrials} from "../../ITrials.sol";
import {TrialsFixture} from "./TrialsFixture.sol";

/// @title TrialsDoubleSaleTest
/// @notice Donors that sell the same seats twice.
contract TrialsDoubleSaleTest is TrialsFixture {
    uint128 private constant OTHER_PENALTY = 500_001;

    address private otherRenter = addressOf("other renter");

    function setUp() external {
        hasFree(otherRenter, 1 ether);
    }

    /// @dev What another renter would open with the same donor and the same seat.
    function otherPlan() private view returns (Plan memory p) {
        p = plan();
        (p.renter, p.penalty, p.salt) = (otherRenter, OTHER_PENALTY, bytes32(uint256(1)));
    }

    function both() private returns (ITrials.Deal memory one, ITrials.Deal memory other) {
        return (opened(), opened(otherPlan()));
    }

    function convict(ITrials.Deal memory one, ITrials.Deal memory other) private {
        vm.prank(challenger);
        trials.convictDoubleSale(one, other);
    }

    function expectRefused(ITrials.Deal memory one, ITrials.Deal memory other, bytes memory problem) private {
        vm.prank(challenger);
        vm.expectRevert(problem);
        trials.convictDoubleSale(one, other);
    }

    function expectNoDoubleSale(ITrials.Deal memory one, ITrials.Deal memory other) private {
        expectRefused(one, other, abi.encodeWithSelector(ITrials.Trials_NoDoubleSale.selector));
    }

    function expectNothingAtStake(ITrials.Deal memory one, ITrials.Deal memory other) private {
        expectRefused(one, other, abi.encodeWithSelector(ITrials.Trials_NothingAtStake.selector));
    }

    function test_convictDoubleSale_RefusesOneDealTwice() external {
        ITrials.Deal memory deal = opened();
        expectNoDoubleSale(deal, deal);
    }

    function test_convictDoubleSale_RefusesDealsOfTwoDonors() external {
        Plan memory p = otherPlan();
        (, p.donorKey) = account("another donor");
        p.quoted = false;
        expectNoDoubleSale(opened(), opened(p));
    }

    function test_convictDoubleSale_RefusesSeatsThatDoNotOverlap() external {
        Plan memory p = otherPlan();
        p.seats = 6;
        expectNoDoubleSale(opened(), opened(p));
    }

    function test_convictDoubleSale_RefusesALeaseThatFollowedAnother() external {
        ITrials.Deal memory one = opened();
        vm.warp(one.terms.endsAt);
        expectNoDoubleSale(one, opened(otherPlan()));
    }

    function test_convictDoubleSale_RefusesALeaseThatFollowedAClose() external {
        ITrials.Deal memory one = opened();
        vm.warp(block.timestamp + 1 days);
        vm.prank(renter);
        leases.close(one.terms);
        expectNoDoubleSale(one, opened(otherPlan()));
    }

    function test_convictDoubleSale_RefusesALeaseThatFollowedARetirement() external {
        ITrials.Deal memory one = opened();
        vm.warp(block.timestamp + 1 days);
        vm.prank(donor);
        leases.retire(one.terms, one.share, one.proof);
        expectNoDoubleSale(one, opened(otherPlan()));
    }

    function test_convictDoubleSale_RefusesALeaseThatWasClosedAsItWasOpened() external {
        ITrials.Deal memory one = opened();
        vm.warp(block.timestamp + 1 days);
        ITrials.Deal memory other = opened(otherPlan());
        vm.prank(otherRenter);
        leases.close(other.terms);
        vm.warp(block.timestamp + 1);
        expectNoDoubleSale(one, other);
    }

    function test_convictDoubleSale_RefusesAShareThatIsNotBehindTheRoot() external {
        (ITrials.Deal memory one, ITrials.Deal memory other) = both();
        bytes32 lease = leases.leaseIdOf(other.terms);
        other.share.penalty += 1;
        expectRefused(one, other, abi.encodeWithSelector(ILeases.Leases_UnknownShare.selector, lease, 0));
    }

    function test_convictDoubleSale_RefusesAnAcceptanceThatAnotherSigned() external {
        (ITrials.Deal memory one, ITrials.Deal memory other) = both();
        one.acceptance = accepted(neighbourKey, one.terms, one.share, uint64(block.timestamp), 1);
        expectRefused(one, other, abi.encodeWithSelector(ILeases.Leases_BadAcceptance.selector, 0, donor));
    }

    function test_convictDoubleSale_RefusesALeaseThatWasNeverOpened() external {
        ITrials.Deal memory other = planned(otherPlan());
        bytes32 lease = leases.leaseIdOf(other.terms);
        expectRefused(opened(), other, abi.encodeWithSelector(ITrials.Trials_NotRunning.selector, lease));
    }

    function test_convictDoubleSale_RefusesAnAcceptanceThatHadExpiredBeforeTheLeaseWasOpened() external {
        ITrials.Deal memory other = planned(otherPlan());
        vm.warp(block.timestamp + 1);
        ITrials.Deal memory one = opened();
        vm.prank(otherRenter);
        leases.open(other.terms);

        bytes32 lease = leases.leaseIdOf(other.terms);
        expectRefused(one, other, abi.encodeWithSelector(ITrials.Trials_NotAccepted.selector, lease, 0));
    }

    function test_convictDoubleSale_RefusesTheSamePairAgain() external {
        (ITrials.Deal memory one, ITrials.Deal memory other) = both();
        convict(one, other);

        expectNothingAtStake(one, other);
        expectNothingAtStake(other, one);
    }

    function test_convictDoubleSale_RefusesOnceBothTrialWindowsAreOver() external {
        (ITrials.Deal memory one, ITrials.Deal memory other) = both();
        vm.warp(one.terms.endsAt + GRACE_S + TRIAL_WINDOW_S + 1);

        expectNothingAtStake(one, other);
    }

    function test_convictDoubleSale_RefusesADonorWithoutStake() external {
        Plan memory p = plan();
        (, p.donorKey) = account("a donor without stake");
        p.quoted = false;
        Plan memory q = otherPlan();
        (q.donorKey, q.quoted) = (p.donorKey, false);

        expectNothingAtStake(opened(p), opened(q));
    }

    function test_convictDoubleSale_SeizesBothAndPaysEachRenter() external {
        (ITrials.Deal memory one, ITrials.Deal memory other) = both();
        bytes32 lease = leases.leaseIdOf(one.terms);
        (uint256 before, uint256 otherBefore) = (free(renter), free(otherRenter));
        uint256 challengersBefore = free(challenger);

        vm.prank(challenger);
        vm.expectEmit(address(trials));
        emit ITrials.PenaltyPaid(lease, donor, challenger, 0, 650_001, 100_000, 250_002);
        trials.convictDoubleSale(one, other);

        assertEq(free(renter) - before, 650_001, "the renter's part");
        assertEq(free(otherRenter) - otherBefore, 325_000, "the other renter's part");
        assertEq(free(challenger) - challengersBefore, 100_000 + 50_000, "the challenger's parts");
        assertEq(free(address(0)), 250_002 + 125_001, "burned");
        assertEq(free(address(trials)), 0, "escrow");
        assertEq(bonded(donor), STAKE - PENALTY - OTHER_PENALTY, "stake");
    }

    function test_convictDoubleSale_FindsItWhicheverComesFirst() external {
        (ITrials.Deal memory one, ITrials.Deal memory other) = both();

        convict(other, one);

        assertEq(bonded(donor), STAKE - PENALTY - OTHER_PENALTY, "stake");
    }

    function testFuzz_convictDoubleSale_CountsAllOverlapsAndNothingElse(
        uint64[2] memory from,
        uint64[2] memory lasts,
        uint64[2] memory retires,
        uint256[2] memory seats
    ) external {
        Plan[2] memory plans = [plan(), otherPlan()];
        ITrials.Deal[2] memory deals;
        uint256[2] memory to;
        for (uint256 i = 0; i < 2; ++i) {
            from[i] = uint64(block.timestamp + bound(from[i], 0, 10));
            plans[i].lastsS = uint64(bound(lasts[i], 1, 10));
            plans[i].seats = seats[i] & 15;
            to[i] = from[i] + plans[i].lastsS;
        }
        uint256 first = from[0] <= from[1] ? 0 : 1;
        for (uint256 n = 0; n < 2; ++n) {
            uint256 i = n == 0 ? first : 1 - first;
            // The first retires before the second is opened, if it does; the second at any time.
            uint256 latest = n == 0 ? from[1 - first] : from[i] + 12;
            uint256 retiredAt = bound(retires[i], from[i], latest);
            vm.warp(from[i]);
            deals[i] = opened(plans[i]);
            if (retires[i] % 3 != 0) continue;
            vm.warp(retiredAt);
            vm.prank(donor);
            leases.retire(deals[i].terms, deals[i].share, deals[i].proof);
            if (retiredAt < to[i]) to[i] = retiredAt;
        }
        bool right;
        for (uint256 second = 1_700_000_000; second < 1_700_000_030; ++second) {
            if (from[0] <= second && second < to[0] && from[1] <= second && second < to[1]) right = true;
        }
        right = right && plans[0].seats & plans[1].seats != 0;

        vm.prank(challenger);
        (bool done,) = address(trials).call(abi.encodeCall(ITrials.convictDoubleSale, (deals[0], deals[1])));

        assertEq(done, right, "convicted");
    }

    function test_convictDoubleSale_FindsItWithinOneLease() external {
        ILeases.Share[] memory shares = new ILeases.Share[](2);
        shares[0] = ILeases.Share(0, donor, 1, PENALTY, 0);
        shares[1] = ILeases.Share(1, donor, 1, OTHER_PENALTY, 0);
        ILeases.Terms memory terms =
            ILeases.Terms(renter, renter, rootOf(shares), 1, uint64(block.timestamp) + LASTS_S, GRACE_S, 0);
        ILeases.Acceptance[] memory acceptances = new ILeases.Acceptance[](2);
        for (uint256 i = 0; i < 2; ++i) {
            acceptances[i] = accepted(donorKey, terms, shares[i], uint64(block.timestamp), 12);
        }
        vm.prank(renter);
        leases.openQuoted(terms, shares, acceptances);

        convict(
            ITrials.Deal(terms, shares[0], proofOf(shares, 0), acceptances[0]),
            ITrials.Deal(terms, shares[1], proofOf(shares, 1), acceptances[1])
        );

        assertEq(bonded(donor), STAKE - PENALTY - OTHER_PENALTY, "stake");
    }

    function test_convictDoubleSale_FindsLeasesThatOverlapForASecond() external {
        ITrials.Deal memory one = opened();
        vm.warp(one.terms.endsAt - 1);
        ITrials.Deal memory other = opened(otherPlan());
        vm.warp(one.terms.endsAt);
        vm.prank(renter);
        leases.close(one.terms);

        convict(one, other);

        assertEq(bonded(donor), STAKE - PENALTY - OTHER_PENALTY, "stake");
    }

    function test_convictDoubleSale_SeizesOnlyTheOtherWhereOneWasReleased() external {
        (ITrials.Deal memory one, ITrials.Deal memory other) = both();
        vm.prank(otherRenter);
        leases.release(other.terms, other.share, other.proof);
        uint256 before = free(otherRenter);

        convict(one, other);

        assertEq(bonded(donor), STAKE - PENALTY, "stake");
        assertEq(free(otherRenter), before, "the other renter's coin");
    }

    function test_convictDoubleSale_SeizesOnlyTheOtherWhereOnesTrialWindowIsOver() external {
        Plan memory p = otherPlan();
        p.lastsS = 1 days;
        (ITrials.Deal memory one, ITrials.Deal memory other) = (opened(), opened(p));
        vm.warp(other.terms.endsAt + GRACE_S + TRIAL_WINDOW_S + 1);

        convict(one, other);

        assertEq(bonded(donor), STAKE - PENALTY, "stake");
    }

    function test_convictDoubleSale_SeizesUntilTheLastSecondOfATrialWindow() external {
        (ITrials.Deal memory one, ITrials.Deal memory other) = both();
        vm.warp(other.terms.endsAt + GRACE_S + TRIAL_WINDOW_S);

        convict(one, other);

        assertEq(bonded(donor), STAKE - PENALTY - OTHER_PENALTY, "stake");
    }

    function test_convictDoubleSale_TakesWhatStakeThereIsWhereTheLeasesWereNotQuoted() external {
        Plan memory p = plan();
        (p.quoted, p.penalty) = (false, uint128(STAKE - 10));
        Plan memory q = otherPlan();
        q.quoted = false;
        (ITrials.Deal memory one, ITrials.Deal memory other) = (opened(p), opened(q));
        uint256 before = free(otherRenter);

        convict(one, other);

        assertEq(bonded(donor), 0, "stake");
        assertEq(free(otherRenter) - before, 6, "the other renter's part of 10");
        assertEq(free(address(trials)), 0, "escrow");
    }

    function test_convictDoubleSale_SeizesWhatATrialRestoresLater() external {
        (ITrials.Deal memory one, ITrials.Deal memory other) = both();
        ITrials.Trial memory trial = challenged(one);
        convict(one, other);
        assertEq(bonded(donor), STAKE - PENALTY - OTHER_PENALTY, "one in the trial, the other seized");
        vm.prank(donor);
        trials.answer(trial);
        assertEq(bonded(donor), STAKE - OTHER_PENALTY, "the trial's was restored");

        convict(one, other);

        assertEq(bonded(donor), STAKE - PENALTY - OTHER_PENALTY, "both seized");
        expectNothingAtStake(one, other);
    }

    function test_convictDoubleSale_StartsTheDonorsAgeAnew() external {
        (ITrials.Deal memory one, ITrials.Deal memory other) = both();

        convict(one, other);

        assertEq(leases.accountOf(donor).since, block.timestamp, "since");
    }
}
