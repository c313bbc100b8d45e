// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Court} from "../../Court.sol";
import {ICourt} from "../../ICourt.sol";
import {ILeases} from "../../ILeases.sol";
import {IVault} from "../../IVault.sol";
import {CourtFixture} from "./CourtFixture.sol";

contract CourtTest is CourtFixture {
    function test_constructor_RefusesTheLeasesOfAnotherCourt() external {
        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_BadParameter.selector, "leases"));
        new Court(leases, theRules());
    }

    function test_constructor_RefusesASeatThatCostsNothingOrHasNoWholePercents() external {
        ICourt.Rules memory rules = theRules();
        rules.seatStake = 0;
        refused(rules, "seatStake");

        rules.seatStake = 150;
        refused(rules, "seatStake");
    }

    function test_constructor_RefusesBondsThatCostNothingOrMoreThanIsAtStake() external {
        ICourt.Rules memory rules = theRules();
        rules.minBond = 0;
        refused(rules, "minBond");

        rules = theRules();
        rules.bondPercent = 0;
        refused(rules, "bondPercent");

        rules.bondPercent = 101;
        refused(rules, "bondPercent");
    }

    function test_constructor_RefusesAnAppealThatCostsNoMore() external {
        ICourt.Rules memory rules = theRules();
        rules.appealFactor = 1;

        refused(rules, "appealFactor");
    }

    function test_constructor_RefusesAJuryThatIsEvenOrTooSmallOrTooLarge() external {
        ICourt.Rules memory rules = theRules();
        uint8[3] memory sizes = [1, 4, 17];
        for (uint256 i = 0; i < 3; ++i) {
            rules.jurySize = sizes[i];
            refused(rules, "jurySize");
        }
    }

    function test_constructor_RefusesFinesOfNothingOrOfMoreThanTheSeat() external {
        ICourt.Rules memory rules = theRules();
        rules.minorityPercent = 0;
        refused(rules, "minorityPercent");

        rules = theRules();
        rules.noShowPercent = 101;
        refused(rules, "noShowPercent");
    }

    function test_constructor_RefusesToFineAbsenceNoMoreThanTheMinority() external {
        ICourt.Rules memory rules = theRules();
        rules.noShowPercent = rules.minorityPercent;

        refused(rules, "noShowPercent");
    }

    function test_constructor_RefusesToBurnTooLittleOrMoreThanTheRenterGets() external {
        ICourt.Rules memory rules = theRules();
        rules.burnPercent = 9;
        refused(rules, "burnPercent");

        rules.burnPercent = 51;
        refused(rules, "burnPercent");
    }

    function test_constructor_RefusesToLeaveJurorsNothingOfALostAccusation() external {
        ICourt.Rules memory rules = theRules();
        rules.donorPercent = 91;

        refused(rules, "donorPercent");
    }

    function test_constructor_RefusesPeriodsOfNothingOrOfMoreThan30Days() external {
        uint32[2] memory wrong = [0, uint32(30 days) + 1];
        for (uint256 i = 0; i < 2; ++i) {
            ICourt.Rules memory rules = theRules();
            rules.contestS = wrong[i];
            refused(rules, "contestS");

            rules = theRules();
            rules.commitS = wrong[i];
            refused(rules, "commitS");

            rules = theRules();
            rules.revealS = wrong[i];
            refused(rules, "revealS");

            rules = theRules();
            rules.appealS = wrong[i];
            refused(rules, "appealS");
        }
    }

    function test_constructor_AcceptsTheEdgesOfEveryBound() external {
        Court lowest = deployed(ICourt.Rules(100, 1, 1, 2, 3, 1, 2, 10, 0, 1, 1, 1, 1));
        uint32 longest = 30 days;
        Court highest = deployed(
            ICourt.Rules(type(uint96).max - 35, 1, 100, 255, 15, 99, 100, 50, 90, longest, longest, longest, longest)
        );

        assertEq(lowest.rules().jurySize, 3, "the lowest");
        assertEq(highest.rules().jurySize, 15, "the highest");
    }

    function test_enroll_RefusesMoreSeatsThanTheStakeCovers() external {
        hasBonded(stranger, 2 * SEAT - 1);

        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_NotEnoughStake.selector, stranger, 2 * SEAT, 2 * SEAT - 1));
        vm.prank(stranger);
        court.enroll(2);
    }

    function test_enroll_ReservesTheStakeOfEachSeat() external {
        hasBonded(stranger, 5 * SEAT);

        vm.expectEmit(address(court));
        emit ICourt.SeatTaken(0, stranger);
        vm.expectEmit(address(court));
        emit ICourt.SeatTaken(1, stranger);
        vm.prank(stranger);
        court.enroll(2);

        assertEq(reserved(stranger), 2 * SEAT, "reserved");
        ICourt.Seat memory seat = court.seatOf(1);
        assertEq(seat.juror, stranger, "juror");
        assertEq(seat.takenAt, block.number, "taken");
        assertEq(seat.leavingAt + seat.duties + seat.fined, 0, "fresh");
    }

    function test_enroll_FillsVacantSeatsFirst() external {
        enrolled(4);
        vacated(1);
        vacated(2);

        enrolled(stranger, 3);

        assertEq(court.seatOf(1).juror, stranger, "vacant");
        assertEq(court.seatOf(2).juror, stranger, "vacant too");
        assertEq(court.seatOf(4).juror, stranger, "new");
        assertEq(court.seatOf(2).takenAt, block.number, "taken");
        (uint256 seats, uint256 vacant) = court.pool();
        assertEq(seats, 5, "seats");
        assertEq(vacant, 0, "vacant seats");
    }

    function test_resign_RefusesAnothersSeat() external {
        enrolled(2);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_NotAllowed.selector, juror(1), juror(0)));
        vm.prank(juror(1));
        court.resign(0);
    }

    function test_resign_WorksOnce() external {
        enrolled(1);
        vm.startPrank(juror(0));
        court.resign(0);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_AlreadyLeaving.selector, 0));
        court.resign(0);
    }

    function test_resign_SaysSinceWhen() external {
        enrolled(1);

        vm.expectEmit(address(court));
        emit ICourt.SeatLeaving(0, juror(0));
        vm.prank(juror(0));
        court.resign(0);

        assertEq(court.seatOf(0).leavingAt, block.number, "leaving");
        assertEq(reserved(juror(0)), SEAT, "reserved");
    }

    function test_vacate_RefusesASeatThatIsNotLeaving() external {
        enrolled(1);
        vm.roll(block.number + 1_000);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_StillSeated.selector, 0));
        court.vacate(0);
    }

    function test_vacate_RefusesWhileADrawCanReachTheSeat() external {
        enrolled(1);
        vm.prank(juror(0));
        court.resign(0);
        vm.roll(block.number + DRAW_AFTER + 256);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_StillSeated.selector, 0));
        court.vacate(0);
    }

    function test_vacate_RefusesWhileTheSeatSitsOnAnOpenCase() external {
        enrolled(5);
        Deal memory d = drawn();
        vm.prank(juror(0));
        court.resign(0);
        vm.roll(block.number + 1_000);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_StillSeated.selector, 0));
        court.vacate(0);

        settled(d);
        court.vacate(0);
        assertEq(court.seatOf(0).juror, address(0), "juror");
    }

    function test_vacate_FreesTheStakeWhoeverSendsIt() external {
        enrolled(2);
        vm.prank(juror(1));
        court.resign(1);
        vm.roll(block.number + DRAW_AFTER + 257);

        vm.expectEmit(address(court));
        emit ICourt.SeatVacated(1, juror(1));
        vm.prank(stranger);
        court.vacate(1);

        assertEq(reserved(juror(1)), 0, "reserved");
        assertEq(bonded(juror(1)), SEAT, "bonded");
        (uint256 seats, uint256 vacant) = court.pool();
        assertEq(seats, 2, "seats");
        assertEq(vacant, 1, "vacant");
    }

    function test_vacate_FreesWhatFinesLeft() external {
        enrolled(5);
        Deal memory d = judged(1, 3);
        address minority = jurorAt(d, 0);
        address absent = jurorAt(d, 4);
        uint32[] memory jury = court.juryOf(d.caseId, 0);
        settled(d);
        vm.roll(block.number + DRAW_AFTER + 257);

        court.vacate(jury[0]);
        court.vacate(jury[4]);

        assertEq(reserved(minority), 0, "the minority's reserved");
        assertEq(bonded(minority), SEAT - MINORITY_FINE, "the minority's bonded");
        assertEq(reserved(absent), 0, "the absent one's reserved");
        assertEq(bonded(absent), SEAT - NO_SHOW_FINE, "the absent one's bonded");
    }

    function test_accuse_RefusesWhoeverIsNeitherRenterNorSession() external {
        Deal memory d = opened();

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_NotAllowed.selector, stranger, renter));
        accuse(d, stranger);
    }

    function test_accuse_RefusesAShareThatIsAlreadySeized() external {
        Deal memory d = accused();

        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_NothingReserved.selector, d.leaseId, 0));
        accuse(d, renter);
    }

    function test_accuse_RefusesAShareThatWasJudged() external {
        enrolled(5);
        Deal memory d = judged(1, 4);
        settled(d);
        vm.warp(uint256(d.terms.endsAt) + d.terms.graceS);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Closed));
        accuse(d, session);
    }

    function test_accuse_RefusesOnceTheTrialWindowIsOver() external {
        Deal memory d = opened();
        uint256 until = uint256(d.terms.endsAt) + d.terms.graceS + TRIAL_WINDOW_S;
        vm.warp(until + 1);

        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_TrialTooLate.selector, d.leaseId, until));
        accuse(d, renter);
    }

    function test_accuse_TakesThePenaltyAndTheBondIntoEscrow() external {
        Deal memory d = opened();

        vm.expectEmit(address(court));
        emit ICourt.Accused(d.caseId, donor, d.terms, 0, PENALTY, EVIDENCE);
        accuse(d, renter);

        assertEq(bonded(donor), STAKE - PENALTY, "the donor's stake");
        assertEq(free(renter), FREE - 1 - BOND, "the renter's");
        assertEq(free(address(court)), PENALTY + BOND, "the court's");
        ICourt.Case memory c = court.caseOf(d.caseId);
        assertEq(c.donor, donor, "donor");
        assertEq(c.seized, PENALTY, "seized");
        assertEq(c.accusedAt, block.number, "block");
        assertEq(c.until, block.timestamp + CONTEST_S, "until");
    }

    function test_accuse_TakesTheBondFromTheSessionWhereItAccuses() external {
        Deal memory d = opened();

        accuse(d, session);

        assertEq(free(session), FREE - BOND, "the session's");
        assertEq(free(renter), FREE - 1, "the renter's");
    }

    function test_accuse_TakesTheLeastBondWhereThePenaltyIsSmall() external {
        Deal memory d = opened(2_499, 0);

        accuse(d, renter);

        assertEq(free(renter), FREE - 1 - 500, "the renter's");
    }

    function test_accuse_TakesWhatIsThereOfAnUnquotedLease() external {
        Deal memory d = deal(PENALTY, 0);
        vm.startPrank(renter);
        leases.open(d.terms);
        vm.startPrank(donor);
        leases.thaw(STAKE);
        vm.warp(block.timestamp + 1 days);
        leases.give(renter, FREE);
        vm.stopPrank();

        accuse(d, renter);

        assertEq(court.caseOf(d.caseId).seized, PENALTY, "seized of what thaws");
        assertEq(leases.accountOf(donor).thawing, STAKE - PENALTY, "thawing");
    }

    function test_contest_RefusesWhoeverIsNotTheDonor() external {
        Deal memory d = accused();

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_NotAllowed.selector, renter, donor));
        vm.prank(renter);
        court.contest(d.caseId);
    }

    function test_contest_RefusesACaseThatIsNotThere() external {
        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, bytes32(0), ICourt.Phase.None));
        court.contest(0);
    }

    function test_contest_RefusesOnceTheTimeIsOver() external {
        Deal memory d = accused();
        vm.warp(block.timestamp + CONTEST_S + 1);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Uncontested));
        contest(d);
    }

    function test_contest_WorksOnce() external {
        Deal memory d = contested();

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Drawing));
        contest(d);
    }

    function test_contest_TakesAnEqualBondAndSetsTheDraw() external {
        enrolled(3);
        Deal memory d = accused();
        vm.roll(block.number + 77);
        vm.warp(block.timestamp + CONTEST_S);

        vm.expectEmit(address(court));
        emit ICourt.DrawSet(d.caseId, 0, block.number + DRAW_AFTER);
        contest(d);

        assertEq(free(donor), FREE - BOND, "the donor's");
        assertEq(free(address(court)), PENALTY + 2 * BOND, "the court's");
        ICourt.Case memory c = court.caseOf(d.caseId);
        assertEq(c.drawBlock, block.number + DRAW_AFTER, "draw block");
        assertEq(c.seats, 3, "seats");
        assertEq(c.accusedAt, block.number - 77, "accused");
    }

    function test_uphold_RefusesWhileTheDonorMayContest() external {
        Deal memory d = accused();
        vm.warp(block.timestamp + CONTEST_S);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Accused));
        court.uphold(d.terms, 0);
    }

    function test_uphold_RefusesOnceTheDonorHasContested() external {
        Deal memory d = contested();
        vm.warp(block.timestamp + 100 days);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Drawing));
        court.uphold(d.terms, 0);
    }

    function test_uphold_WorksOnce() external {
        Deal memory d = upheld(renter);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Closed));
        court.uphold(d.terms, 0);
    }

    function test_uphold_PaysTheRenterAndBurnsTheRest() external {
        Deal memory d = upheld(renter);

        assertEq(free(renter), FREE - 1 + 8_006, "the renter's");
        assertEq(burned(), 2_001, "burned");
        assertEq(free(address(court)), 0, "the court's");
        assertEq(uint256(court.caseOf(d.caseId).outcome), uint256(ICourt.Outcome.Guilty), "outcome");
    }

    function test_uphold_PaysTheRenterWhereItsSessionAccused() external {
        upheld(session);

        assertEq(free(renter), FREE - 1 + BOND + 8_006, "the renter's");
        assertEq(free(session), FREE - BOND, "the session's");
    }

    function test_uphold_ConvictsTheDonor() external {
        upheld(renter);

        assertEq(leases.accountOf(donor).since, block.timestamp, "since");
    }

    function test_draw_RefusesUntilTheBlockHashIsThere() external {
        enrolled(5);
        Deal memory d = contested();
        uint256 drawBlock = block.number + DRAW_AFTER;
        vm.roll(drawBlock);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_DrawTooEarly.selector, d.caseId, drawBlock));
        court.draw(d.terms, 0);
    }

    function test_draw_RefusesACaseThatIsNotContested() external {
        Deal memory d = accused();

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Accused));
        court.draw(d.terms, 0);
    }

    function test_draw_RefusesOtherTerms() external {
        Deal memory d = contested();
        d.terms.session = stranger;

        vm.expectPartialRevert(ICourt.Court_WrongPhase.selector);
        court.draw(d.terms, 0);
    }

    function test_draw_WorksUntilTheChainForgetsTheBlock() external {
        enrolled(5);
        Deal memory d = contested();
        vm.roll(block.number + DRAW_AFTER + 256);

        court.draw(d.terms, 0);

        assertEq(phase(d), uint256(ICourt.Phase.Committing), "phase");
    }

    function test_draw_SetsAnotherBlockOnceTheChainForgotIt() external {
        enrolled(5);
        Deal memory d = contested();
        vm.roll(block.number + DRAW_AFTER + 257);
        enrolled(stranger, 1);

        vm.expectEmit(address(court));
        emit ICourt.DrawSet(d.caseId, 0, block.number + DRAW_AFTER);
        court.draw(d.terms, 0);

        assertEq(phase(d), uint256(ICourt.Phase.Drawing), "phase");
        assertEq(court.caseOf(d.caseId).seats, 6, "seats");
        draw(d);
        assertEq(phase(d), uint256(ICourt.Phase.Committing), "phase after another try");
    }

    function test_draw_SeatsAJuryAndStartsTheTimeToCommit() external {
        enrolled(5);
        Deal memory d = contested();
        seeded(d, "seed");

        court.draw(d.terms, 0);

        uint32[] memory jury = court.juryOf(d.caseId, 0);
        assertEq(jury.length, 5, "size");
        uint256 sum;
        for (uint256 i = 0; i < 5; ++i) {
            sum += 10 ** jury[i];
            assertEq(court.seatOf(jury[i]).duties, 1, "duties");
        }
        assertEq(sum, 11_111, "each of the five seats once");
        assertEq(court.caseOf(d.caseId).until, block.timestamp + COMMIT_S, "until");
        assertEq(court.caseOf(d.caseId).juries, 1, "juries");
    }

    function test_draw_IsAsLikelyToPickOneSeatAsAnother() external {
        enrolled(10);
        Deal memory d = contested();
        uint256[10] memory times;
        uint256 before = vm.snapshotState();

        for (uint256 i = 0; i < 300; ++i) {
            seeded(d, keccak256(abi.encode(i)));
            court.draw(d.terms, 0);
            uint32[] memory jury = court.juryOf(d.caseId, 0);
            vm.revertToState(before);
            for (uint256 k = 0; k < 5; ++k) {
                ++times[jury[k]];
            }
        }

        for (uint256 seat = 0; seat < 10; ++seat) {
            assertGt(times[seat], 110, "rarer than four and a half deviations");
            assertLt(times[seat], 190, "more often than four and a half deviations");
        }
    }

    function testFuzz_draw_LeavesThePartiesOut(bytes32 seed) external {
        enrolled(8);
        enrolled(donor, 2);
        enrolled(renter, 2);
        enrolled(session, 2);
        vm.roll(block.number + 1);
        Deal memory d = contested();
        seeded(d, seed);

        court.draw(d.terms, 0);

        for (uint8 place = 0; place < 5; ++place) {
            address who = jurorAt(d, place);
            assertTrue(who != donor && who != renter && who != session, "a party sits on the jury");
        }
    }

    function testFuzz_draw_LeavesOutWhoeverEnrolledSinceTheAccusation(bytes32 seed) external {
        enrolled(5);
        Deal memory d = accused();
        enrolled(stranger, 5);
        vm.roll(block.number + 1);
        enrolled(stranger, 5);
        contest(d);
        assertEq(court.caseOf(d.caseId).seats, 15, "seats");
        seeded(d, seed);

        court.draw(d.terms, 0);

        for (uint8 place = 0; place < 5; ++place) {
            assertTrue(jurorAt(d, place) != stranger, "a late juror sits on the jury");
        }
    }

    function testFuzz_draw_LeavesOutWhoeverResignedBeforeItWasSet(bytes32 seed) external {
        enrolled(7);
        Deal memory d = accused();
        vm.prank(juror(2));
        court.resign(2);
        vacated(4);
        contest(d);
        seeded(d, seed);

        court.draw(d.terms, 0);

        uint32[] memory jury = court.juryOf(d.caseId, 0);
        for (uint256 i = 0; i < 5; ++i) {
            assertTrue(jury[i] != 2 && jury[i] != 4, "a seat that had resigned");
        }
    }

    function test_draw_ReachesWhoeverResignsAfterItWasSet() external {
        enrolled(5);
        Deal memory d = contested();
        vm.roll(block.number + 1);
        vm.prank(juror(2));
        court.resign(2);

        draw(d);

        assertEq(court.seatOf(2).duties, 1, "duties");
    }

    function testFuzz_draw_DoesNotDependOnWhatHappensOnceTheHashIsKnown(bytes32 seed, uint256 late) external {
        enrolled(24);
        vm.prank(juror(20));
        court.resign(20);
        Deal memory other = judged(1, 1);
        vm.warp(court.caseOf(other.caseId).until + REVEAL_S + APPEAL_S + 1);
        vm.roll(block.number + 300);
        Deal memory d = opened(PENALTY, "another");
        accuse(d, renter);
        contest(d);
        seeded(d, seed);
        uint256 before = vm.snapshotState();
        court.draw(d.terms, 0);
        uint32[] memory expected = court.juryOf(d.caseId, 0);
        vm.revertToState(before);

        court.settle(other.terms, 0);
        court.vacate(20);
        enrolled(stranger, 1 + (late % 8));
        for (uint256 i = 0; i < 20; ++i) {
            if ((late >> i) & 1 == 0 || court.seatOf(uint32(i)).leavingAt != 0) continue;
            vm.prank(juror(i));
            court.resign(uint32(i));
        }
        vm.roll(block.number + (late % 256));
        court.draw(d.terms, 0);

        uint32[] memory jury = court.juryOf(d.caseId, 0);
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(jury[i], expected[i], "seat");
        }
    }

    function test_draw_DismissesTheCaseWhereSeatsAreTooFew() external {
        enrolled(4);
        Deal memory d = contested();
        seeded(d, "seed");

        vm.expectEmit(address(court));
        emit ICourt.CaseClosed(d.caseId, donor, ICourt.Outcome.Dismissed, 0);
        court.draw(d.terms, 0);

        assertEq(free(donor), FREE, "the donor's");
        assertEq(free(renter), FREE - 1, "the renter's");
        assertEq(bonded(donor), STAKE, "the donor's stake");
        assertEq(reserved(donor), PENALTY, "reserved again");
        assertEq(free(address(court)), 0, "the court's");
        assertEq(uint256(court.caseOf(d.caseId).outcome), uint256(ICourt.Outcome.Dismissed), "outcome");
        assertEq(phase(d), uint256(ICourt.Phase.Closed), "phase");
        assertEq(court.juryOf(d.caseId, 0).length, 0, "jury");
    }

    function test_draw_DismissesTheCaseWhereThereIsNoSeat() external {
        Deal memory d = contested();

        draw(d);

        assertEq(uint256(court.caseOf(d.caseId).outcome), uint256(ICourt.Outcome.Dismissed), "outcome");
    }

    function testFuzz_draw_SeatsALargerJuryOfOthersForAnAppeal(bytes32 seed) external {
        enrolled(18);
        Deal memory d = judged(3, 2);
        appeal(d, donor);
        seeded(d, seed);

        court.draw(d.terms, 0);

        uint32[] memory first = court.juryOf(d.caseId, 0);
        uint32[] memory second = court.juryOf(d.caseId, 1);
        assertEq(second.length, 11, "size");
        uint256 seen;
        for (uint256 i = 0; i < 16; ++i) {
            uint256 bit = 1 << (i < 5 ? first[i] : second[i - 5]);
            assertEq(seen & bit, 0, "a seat twice");
            seen |= bit;
        }
    }

    function test_draw_DropsAnAppealOfTheDonorWhereSeatsAreTooFew() external {
        enrolled(15);
        Deal memory d = judged(3, 2);
        appeal(d, donor);
        seeded(d, "seed");

        vm.expectEmit(address(court));
        emit ICourt.AppealDropped(d.caseId);
        court.draw(d.terms, 0);

        assertEq(free(donor), FREE - BOND, "the donor's");
        assertEq(phase(d), uint256(ICourt.Phase.Decided), "phase");
        court.settle(d.terms, 0);
        assertEq(free(renter), FREE - 1 + 8_006, "the renter's");
        assertEq(uint256(court.caseOf(d.caseId).outcome), uint256(ICourt.Outcome.Guilty), "outcome");
    }

    function test_draw_DropsAnAppealOfTheRenterWhereSeatsAreTooFew() external {
        enrolled(15);
        Deal memory d = judged(2, 3);
        appeal(d, renter);

        draw(d);

        assertEq(free(renter), FREE - 1 - BOND, "the renter's");
        court.settle(d.terms, 0);
        assertEq(uint256(court.caseOf(d.caseId).outcome), uint256(ICourt.Outcome.NotGuilty), "outcome");
        assertEq(free(address(court)), 0, "the court's");
    }

    function test_draw_FitsIntoABlockHoweverLongItSearches() external {
        ICourt.Rules memory rules = theRules();
        rules.jurySize = 15;
        started(rules);
        enrolled(renter, 1_000);
        enrolled(45);
        Deal memory d = judged(8, 7);
        appeal(d, donor);
        seeded(d, "seed");
        uint256 before = gasleft();

        court.draw(d.terms, 0);

        // In a transaction of its own each of 40 looks for each of 31 jurors may be the first at its seat.
        uint256 gasUsed = before - gasleft() + 40 * 31 * 2_000;
        assertEq(phase(d), uint256(ICourt.Phase.Decided), "found");
        assertLt(gasUsed, 8_000_000, "more than a block of Ethereum Classic holds");
    }

    function test_commit_RefusesBeforeTheDraw() external {
        Deal memory d = contested();

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Drawing));
        court.commit(d.caseId, 0, "late");
    }

    function test_commit_RefusesOnceTheTimeIsOver() external {
        enrolled(5);
        Deal memory d = drawn();
        vm.warp(block.timestamp + COMMIT_S);
        commit(d, 0, true);
        vm.warp(block.timestamp + 1);
        address late = jurorAt(d, 1);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Revealing));
        vm.prank(late);
        court.commit(d.caseId, 1, "late");
    }

    function test_commit_RefusesAPlaceThatTheJuryDoesNotHave() external {
        enrolled(5);
        Deal memory d = drawn();
        uint8[3] memory places = [5, 16, 48];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ICourt.Court_NoSuchPlace.selector, d.caseId, places[i]));
            vm.prank(juror(0));
            court.commit(d.caseId, places[i], "nowhere");
        }
    }

    function test_commit_RefusesAnothersPlace() external {
        enrolled(6);
        Deal memory d = drawn();
        (address one, address two) = (jurorAt(d, 1), jurorAt(d, 2));

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_NotAllowed.selector, one, two));
        vm.prank(one);
        court.commit(d.caseId, 2, "another's");
    }

    function test_commit_ReplacesWhatWasCommittedToBefore() external {
        enrolled(5);
        Deal memory d = drawn();

        commit(d, 0, true);
        commit(d, 0, false);

        revealed(d, voteOf(0, false));
        (, uint256 notGuilty) = court.votesOf(d.caseId, 0);
        assertEq(notGuilty, 1, "votes");
    }

    function test_commit_IsForTheSecondJuryOnAppeal() external {
        enrolled(20);
        Deal memory d = appealed(3, 2, donor);
        address first = jurorAt(d, 0);
        commit(d, 16, true);
        commit(d, 26, true);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_NoSuchPlace.selector, d.caseId, 0));
        vm.prank(first);
        court.commit(d.caseId, 0, "again");

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_NoSuchPlace.selector, d.caseId, 27));
        vm.prank(juror(0));
        court.commit(d.caseId, 27, "beyond");
    }

    function test_reveal_RefusesWhileVotesAreCommittedTo() external {
        enrolled(5);
        Deal memory d = drawn();
        commit(d, 0, true);
        vm.warp(block.timestamp + COMMIT_S);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Committing));
        reveal(d, voteOf(0, true));
    }

    function test_reveal_RefusesOnceTheTimeIsOver() external {
        enrolled(5);
        Deal memory d = drawn();
        commit(d, 0, true);
        commit(d, 1, true);
        vm.warp(block.timestamp + COMMIT_S + REVEAL_S);
        reveal(d, voteOf(0, true));
        vm.warp(block.timestamp + 1);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Appealable));
        reveal(d, voteOf(1, true));
    }

    function test_reveal_RefusesWhatWasNotCommittedTo() external {
        enrolled(5);
        Deal memory d = drawn();
        commit(d, 0, true);
        vm.warp(block.timestamp + COMMIT_S + 1);
        bytes memory refusal = abi.encodeWithSelector(ICourt.Court_BadReveal.selector, d.caseId, 0);

        vm.expectRevert(refusal);
        reveal(d, voteOf(0, false));

        vm.expectRevert(refusal);
        reveal(d, ICourt.Vote(0, true, "another salt"));

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_BadReveal.selector, d.caseId, 1));
        reveal(d, voteOf(1, true));
    }

    function test_reveal_RefusesACommitmentCopiedFromAnotherJuror() external {
        enrolled(5);
        Deal memory d = drawn();
        commit(d, 0, true);
        bytes32 copied = court.commitmentAt(d.caseId, 0);
        vm.prank(jurorAt(d, 1));
        court.commit(d.caseId, 1, copied);
        revealed(d, voteOf(0, true));

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_BadReveal.selector, d.caseId, 1));
        reveal(d, ICourt.Vote(1, true, saltOf(0)));
    }

    function test_reveal_RefusesAVoteOfTheFirstRoundInTheSecond() external {
        enrolled(20);
        Deal memory d = drawn();
        for (uint8 place = 0; place < 3; ++place) {
            commit(d, place, place != 0);
        }
        revealed(d, voteOf(1, true));
        vm.warp(block.timestamp + REVEAL_S);
        appeal(d, donor);
        draw(d);
        vm.warp(block.timestamp + COMMIT_S + 1);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_NoSuchPlace.selector, d.caseId, 0));
        reveal(d, voteOf(0, false));
    }

    function test_reveal_CountsVotesWhoeverSendsThem() external {
        enrolled(5);
        Deal memory d = drawn();
        for (uint8 place = 0; place < 3; ++place) {
            commit(d, place, place != 1);
        }
        vm.warp(block.timestamp + COMMIT_S + 1);
        ICourt.Vote[] memory votes = new ICourt.Vote[](3);
        for (uint8 place = 0; place < 3; ++place) {
            votes[place] = voteOf(2 - place, place != 1);
        }

        vm.expectEmit(address(court));
        emit ICourt.VotesRevealed(d.caseId, 7, 5);
        vm.prank(stranger);
        court.reveal(d.caseId, votes);

        (uint256 guilty, uint256 notGuilty) = court.votesOf(d.caseId, 0);
        assertEq(guilty, 2, "guilty");
        assertEq(notGuilty, 1, "not guilty");
    }

    function test_reveal_PassesOverAVoteThatWasRevealedBefore() external {
        enrolled(5);
        Deal memory d = drawn();
        commit(d, 0, true);
        commit(d, 1, true);
        revealed(d, voteOf(0, true));
        ICourt.Vote[] memory votes = new ICourt.Vote[](2);
        (votes[0], votes[1]) = (voteOf(0, false), voteOf(1, true));

        court.reveal(d.caseId, votes);

        (uint256 guilty, uint256 notGuilty) = court.votesOf(d.caseId, 0);
        assertEq(guilty, 2, "guilty");
        assertEq(notGuilty, 0, "not guilty");
    }

    function test_appeal_RefusesBeforeTheVerdict() external {
        enrolled(5);
        Deal memory d = judged(3, 2);
        vm.warp(block.timestamp - 1);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Revealing));
        appeal(d, donor);
    }

    function test_appeal_RefusesOnceTheTimeIsOver() external {
        enrolled(5);
        Deal memory d = judged(3, 2);
        vm.warp(court.caseOf(d.caseId).until + REVEAL_S + APPEAL_S + 1);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Decided));
        appeal(d, donor);
    }

    function test_appeal_RefusesTheWinner() external {
        enrolled(5);
        Deal memory d = judged(3, 2);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_NotAllowed.selector, renter, donor));
        appeal(d, renter);
    }

    function test_appeal_RefusesAnAcquittedDonor() external {
        enrolled(5);
        Deal memory d = judged(2, 3);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_NotAllowed.selector, donor, renter));
        appeal(d, donor);
    }

    function test_appeal_WorksOnce() external {
        enrolled(20);
        Deal memory d = appealed(3, 2, donor);
        voted(d, 6, 5);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Decided));
        appeal(d, donor);
    }

    function test_appeal_TakesTheLargerBondAndSetsAnotherDraw() external {
        enrolled(20);
        Deal memory d = judged(3, 2);
        vm.warp(court.caseOf(d.caseId).until + REVEAL_S + APPEAL_S);

        vm.expectEmit(address(court));
        emit ICourt.DrawSet(d.caseId, 1, block.number + DRAW_AFTER);
        appeal(d, donor);

        assertEq(free(donor), FREE - BOND - APPEAL_BOND, "the donor's");
        assertEq(free(address(court)), PENALTY + 2 * BOND + APPEAL_BOND, "the court's");
    }

    function test_appeal_IsTheSessionsToo() external {
        enrolled(20);
        Deal memory d = judged(2, 3);

        appeal(d, session);

        assertEq(free(session), FREE - APPEAL_BOND, "the session's");
        assertEq(phase(d), uint256(ICourt.Phase.Drawing), "phase");
    }

    function test_settle_RefusesWhileAnAppealIsPossible() external {
        enrolled(5);
        Deal memory d = judged(3, 2);
        vm.warp(court.caseOf(d.caseId).until + REVEAL_S + APPEAL_S);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Appealable));
        court.settle(d.terms, 0);
    }

    function test_settle_WorksOnce() external {
        enrolled(5);
        Deal memory d = judged(3, 2);
        settled(d);

        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_WrongPhase.selector, d.caseId, ICourt.Phase.Closed));
        court.settle(d.terms, 0);
    }

    function test_settle_ConvictsADonorThatWasFoundGuilty() external {
        enrolled(5);
        Deal memory d = judged(3, 2);
        vm.warp(court.caseOf(d.caseId).until + REVEAL_S + APPEAL_S + 1);

        vm.expectEmit(address(court));
        emit ICourt.CaseClosed(d.caseId, donor, ICourt.Outcome.Guilty, 733);
        court.settle(d.terms, 0);

        settledAt(d, ICourt.Outcome.Guilty, int256(8_006), -int256(uint256(BOND)), 2_001 + 2);
        assertEq(bonded(donor), STAKE - PENALTY, "the donor's stake");
        assertEq(leases.accountOf(donor).since, block.timestamp, "since");
        paid(d, 0, 3, 733);
    }

    function test_settle_MakesADonorWholeThatWasNotFoundGuilty() external {
        enrolled(5);
        Deal memory d = judged(1, 4);

        settled(d);

        settledAt(d, ICourt.Outcome.NotGuilty, -int256(uint256(BOND)), 500, 1);
        assertEq(bonded(donor), STAKE, "the donor's stake");
        assertEq(reserved(donor), PENALTY, "reserved again");
        assertEq(leases.accountOf(donor).since, 0, "since");
        paid(d, 1, 5, 400);
    }

    function test_settle_TakesATieForNotGuilty() external {
        enrolled(5);
        Deal memory d = judged(1, 1);

        settled(d);

        settledAt(d, ICourt.Outcome.NotGuilty, -int256(uint256(BOND)), 500, 0);
        paid(d, 1, 2, 2_501);
    }

    function test_settle_TakesSilenceForNotGuiltyAndBurnsWhatNobodyEarned() external {
        enrolled(5);
        Deal memory d = judged(0, 0);

        settled(d);

        settledAt(d, ICourt.Outcome.NotGuilty, -int256(uint256(BOND)), 500, 3_001);
    }

    function test_settle_FinesTheMinorityAndMoreWhoeverStaysAway() external {
        enrolled(5);
        Deal memory d = judged(2, 1);

        settled(d);

        uint32[] memory jury = court.juryOf(d.caseId, 0);
        uint8[5] memory fines = [0, 0, 10, 30, 30];
        for (uint256 i = 0; i < 5; ++i) {
            ICourt.Seat memory seat = court.seatOf(jury[i]);
            assertEq(seat.fined, fines[i], "fined");
            assertEq(seat.duties, 0, "duties");
            assertEq(seat.leavingAt, fines[i] == 0 ? 0 : block.number, "leaving");
            assertEq(reserved(seat.juror), SEAT - uint256(SEAT) * fines[i] / 100, "reserved");
        }
    }

    function test_settle_TakesACommitmentThatWasNotRevealedForStayingAway() external {
        enrolled(5);
        Deal memory d = drawn();
        commit(d, 0, false);

        settled(d);

        assertEq(court.seatOf(court.juryOf(d.caseId, 0)[0]).fined, 30, "fined");
    }

    function test_settle_TakesFinesBeforeItPaysThemOut() external {
        enrolled(5);
        Deal memory d = opened(0, 0);
        accuse(d, renter);
        contest(d);
        draw(d);
        voted(d, 1, 0);

        settled(d);

        assertEq(free(jurorAt(d, 0)), 500 + 4 * NO_SHOW_FINE, "more than all bonds");
        assertEq(free(address(court)), 0, "the court's");
    }

    function test_settle_FinesASeatNoMoreThanItHas() external {
        enrolled(5);
        Deal[4] memory ds;
        for (uint256 i = 0; i < 4; ++i) {
            ds[i] = opened(PENALTY, bytes32(i));
            accuse(ds[i], renter);
            contest(ds[i]);
        }
        for (uint256 i = 0; i < 4; ++i) {
            draw(ds[i]);
        }

        for (uint256 i = 0; i < 4; ++i) {
            settled(ds[i]);
        }

        for (uint32 seat = 0; seat < 5; ++seat) {
            assertEq(court.seatOf(seat).fined, 100, "fined");
            assertEq(court.seatOf(seat).leavingAt, block.number, "leaving");
            assertEq(bonded(juror(seat)), 0, "bonded");
        }
        assertEq(burned(), 4 * 1_501 + 5 * uint256(SEAT), "burned");
        vm.roll(block.number + 1_000);
        court.vacate(0);
        assertEq(reserved(juror(0)), 0, "reserved");
    }

    function test_settle_LeavesAResignationAtItsBlockWhereTheSeatIsFined() external {
        enrolled(5);
        Deal memory d = drawn();
        vm.prank(juror(3));
        court.resign(3);
        uint256 since = block.number;
        vm.roll(block.number + 10);

        settled(d);

        assertEq(court.seatOf(3).leavingAt, since, "leaving");
        assertEq(court.seatOf(2).leavingAt, since + 10, "leaving by its fine");
    }

    function test_settle_TakesTheAppealsBondOfADonorThatLosesAgain() external {
        enrolled(20);
        Deal memory d = appealed(3, 2, donor);
        voted(d, 6, 5);

        court.settle(d.terms, 0);

        settledAt(d, ICourt.Outcome.Guilty, 8_006, -int256(uint256(BOND) + APPEAL_BOND), 2_001 + 1);
        paid(d, 0, 3, 967);
        paid(d, 16, 22, 967);
    }

    function test_settle_ReturnsTheAppealsBondToADonorThatWins() external {
        enrolled(20);
        Deal memory d = appealed(3, 2, donor);
        voted(d, 5, 6);

        court.settle(d.terms, 0);

        settledAt(d, ICourt.Outcome.NotGuilty, -int256(uint256(BOND)), 500, 5);
        paid(d, 3, 5, 287);
        paid(d, 21, 27, 287);
        for (uint8 place = 0; place < 3; ++place) {
            assertEq(free(jurorAt(d, place)), 0, "overruled");
        }
    }

    function test_settle_ReturnsTheAppealsBondToARenterThatWins() external {
        enrolled(20);
        Deal memory d = appealed(2, 3, renter);
        voted(d, 6, 5);

        court.settle(d.terms, 0);

        settledAt(d, ICourt.Outcome.Guilty, 8_006, -int256(uint256(BOND)), 2_001 + 1);
        paid(d, 0, 2, 350);
        paid(d, 16, 22, 350);
    }

    function test_settle_TakesTheAppealsBondOfARenterThatLosesAgain() external {
        enrolled(20);
        Deal memory d = appealed(2, 3, renter);
        voted(d, 5, 6);

        court.settle(d.terms, 0);

        settledAt(d, ICourt.Outcome.NotGuilty, -int256(uint256(BOND) + APPEAL_BOND), 2_001, 7);
        paid(d, 2, 5, 744);
        paid(d, 21, 27, 744);
    }

    function test_phaseOf_FollowsAnUncontestedCase() external {
        Deal memory d = opened();
        standsAt(d, ICourt.Phase.None);

        accuse(d, renter);
        standsAt(d, ICourt.Phase.Accused);

        vm.warp(block.timestamp + CONTEST_S);
        standsAt(d, ICourt.Phase.Accused);

        vm.warp(block.timestamp + 1);
        standsAt(d, ICourt.Phase.Uncontested);

        court.uphold(d.terms, 0);
        standsAt(d, ICourt.Phase.Closed);
    }

    function test_phaseOf_FollowsAContestedCase() external {
        enrolled(20);
        Deal memory d = contested();
        standsAt(d, ICourt.Phase.Drawing);

        draw(d);
        standsAt(d, ICourt.Phase.Committing);

        vm.warp(block.timestamp + COMMIT_S);
        standsAt(d, ICourt.Phase.Committing);

        vm.warp(block.timestamp + 1);
        standsAt(d, ICourt.Phase.Revealing);

        vm.warp(block.timestamp + REVEAL_S - 1);
        standsAt(d, ICourt.Phase.Revealing);

        vm.warp(block.timestamp + 1);
        standsAt(d, ICourt.Phase.Appealable);

        vm.warp(block.timestamp + APPEAL_S - 1);
        standsAt(d, ICourt.Phase.Appealable);

        vm.warp(block.timestamp + 1);
        standsAt(d, ICourt.Phase.Decided);
    }

    function test_phaseOf_FollowsAnAppeal() external {
        enrolled(20);
        Deal memory d = judged(3, 2);
        appeal(d, donor);
        standsAt(d, ICourt.Phase.Drawing);

        draw(d);
        standsAt(d, ICourt.Phase.Committing);

        vm.warp(block.timestamp + COMMIT_S + REVEAL_S);
        standsAt(d, ICourt.Phase.Revealing);

        vm.warp(block.timestamp + 1);
        standsAt(d, ICourt.Phase.Decided);
    }

    function test_caseOf_KeepsTheVotes() external {
        enrolled(20);
        Deal memory d = appealed(2, 1, donor);
        voted(d, 1, 1);

        ICourt.Case memory c = court.caseOf(d.caseId);

        assertEq(c.revealed, (3 << 16) | 7, "revealed");
        assertEq(c.guilty, (1 << 16) | 3, "guilty");
        assertEq(c.juries, 2, "juries");
    }

    function test_juryOf_IsEmptyBeforeTheDraw() external {
        enrolled(20);
        Deal memory d = contested();
        assertEq(court.juryOf(d.caseId, 0).length, 0, "the first");

        draw(d);

        assertEq(court.juryOf(d.caseId, 0).length, 5, "the first, drawn");
        assertEq(court.juryOf(d.caseId, 1).length, 0, "the second");
    }

    function test_commitmentAt_IsWhatTheJurorCommittedTo() external {
        enrolled(5);
        Deal memory d = drawn();
        assertEq(court.commitmentAt(d.caseId, 3), 0, "nothing");

        commit(d, 3, true);

        assertEq(court.commitmentAt(d.caseId, 3), court.commitmentOf(d.caseId, 3, true, saltOf(3)), "something");
    }

    function test_votesOf_CountsARoundAlone() external {
        enrolled(20);
        Deal memory d = appealed(2, 1, donor);
        voted(d, 4, 3);

        (uint256 guilty, uint256 notGuilty) = court.votesOf(d.caseId, 0);
        assertEq(guilty, 2, "guilty");
        assertEq(notGuilty, 1, "not guilty");

        (guilty, notGuilty) = court.votesOf(d.caseId, 1);
        assertEq(guilty, 4, "guilty on appeal");
        assertEq(notGuilty, 3, "not guilty on appeal");
    }

    function test_seatOf_IsNobodysBeforeItIsTaken() external {
        assertEq(court.seatOf(7).juror, address(0), "juror");

        enrolled(8);

        assertEq(court.seatOf(7).juror, juror(7), "juror, seated");
    }

    function test_pool_CountsSeatsAndVacantOnes() external {
        enrolled(3);
        vacated(1);

        (uint256 seats, uint256 vacant) = court.pool();

        assertEq(seats, 3, "seats");
        assertEq(vacant, 1, "vacant");
    }

    function test_bondsOf_IsAPercentageButNotLessThanTheLeast() external view {
        (uint256 bond, uint256 appealBond) = court.bondsOf(PENALTY);
        assertEq(bond, BOND, "bond");
        assertEq(appealBond, APPEAL_BOND, "appeal's");

        (bond, appealBond) = court.bondsOf(2_499);
        assertEq(bond, 500, "least bond");
        assertEq(appealBond, 1_500, "least appeal's");
    }

    function test_rules_ReturnsWhatItWasDeployedWith() external view {
        assertEq(abi.encode(court.rules()), abi.encode(theRules()), "rules");
    }

    function test_leases_ReturnsWhatItJudges() external view {
        assertEq(address(court.leases()), address(leases), "leases");
    }

    function testFuzz_caseIdOf_DiffersForEachShare(bytes32 leaseId, uint32 index) external view {
        assertEq(court.caseIdOf(leaseId, index), keccak256(abi.encode(leaseId, index)), "id");
    }

    function testFuzz_commitmentOf_BindsAllOfIt(bytes32 caseId, uint8 place, bool guilty, bytes32 salt) external view {
        bytes32 commitment = court.commitmentOf(caseId, place, guilty, salt);

        assertEq(commitment, keccak256(abi.encode(caseId, place, guilty, salt)), "commitment");
    }

    function refused(ICourt.Rules memory rules, string memory name) private {
        leasesName(created(0));
        vm.expectRevert(abi.encodeWithSelector(ICourt.Court_BadParameter.selector, name));
        new Court(leases, rules);
    }

    function vacated(uint32 seat) private {
        vm.prank(court.seatOf(seat).juror);
        court.resign(seat);
        vm.roll(block.number + DRAW_AFTER + 257);
        court.vacate(seat);
    }

    function upheld(address by) private returns (Deal memory d) {
        d = opened();
        accuse(d, by);
        vm.warp(block.timestamp + CONTEST_S + 1);
        court.uphold(d.terms, 0);
    }

    function appealed(uint8 guilty, uint8 notGuilty, address by) private returns (Deal memory d) {
        d = judged(guilty, notGuilty);
        appeal(d, by);
        draw(d);
    }

    function reveal(Deal memory d, ICourt.Vote memory vote) private {
        ICourt.Vote[] memory votes = new ICourt.Vote[](1);
        votes[0] = vote;
        court.reveal(d.caseId, votes);
    }

    function revealed(Deal memory d, ICourt.Vote memory vote) private {
        vm.warp(court.caseOf(d.caseId).until + 1);
        reveal(d, vote);
    }

    /// @dev What a closed case did to the parties' free coin, and what it burned; the court keeps nothing.
    function settledAt(Deal memory d, ICourt.Outcome outcome, int256 rentersGain, int256 donorsGain, uint256 burned_)
        private
        view
    {
        assertEq(uint256(court.caseOf(d.caseId).outcome), uint256(outcome), "outcome");
        assertEq(int256(free(renter)) - int256(uint256(FREE)) + 1, rentersGain, "the renter's gain");
        assertEq(int256(free(donor)) - int256(uint256(FREE)), donorsGain, "the donor's gain");
        assertEq(burned(), burned_, "burned");
        assertEq(free(address(court)), 0, "the court's");
    }

    /// @dev Each juror from one place up to another, exclusive, got `reward`.
    function paid(Deal memory d, uint8 from, uint8 to, uint256 reward) private view {
        for (uint8 place = from; place < to; ++place) {
            assertEq(free(jurorAt(d, place)), reward, "reward");
        }
    }

    function standsAt(Deal memory d, ICourt.Phase expected) private view {
        assertEq(phase(d), uint256(expected), "phase");
    }
}
