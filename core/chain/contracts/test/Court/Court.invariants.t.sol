// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICourt} from "../../ICourt.sol";
import {Court} from "../../Court.sol";
import {IVault} from "../../IVault.sol";
import {Leases} from "../../Leases.sol";
import {Test} from "../support/Test.sol";
import {CourtFixture} from "./CourtFixture.sol";

/// @title CourtHandler
/// @notice Brings several cases before a court with right and wrong calls, and keeps its own books. Each call must
/// succeed exactly when the books say so.
contract CourtHandler is CourtFixture {
    /// @notice What the handler knows of a case from its own calls.
    struct Book {
        Deal deal;
        bool quoted;
        uint256 seized;
        uint256 bond;
        uint256 held;
        uint256 accusedAt;
        uint256 until;
        ICourt.Phase stage;
        ICourt.Outcome outcome;
        uint256 juries;
        uint256 appeals;
        bool appealByDonor;
        uint48 committed;
        uint48 meant;
        uint48 revealed;
        uint48 guilty;
        uint256 rank;
    }

    uint256 private constant MOST_CASES = 4;
    uint256 private constant SIZE = 3;
    uint256 private constant MOST_SEATS = 24;

    Book[] private books;
    address[] private people;
    /// @dev The penalties that are reserved for open leases.
    uint256 public pledged;
    uint256 public gifts;
    uint256 public paidIn;
    /// @dev Coin that is in leases' deposits: a unit each.
    uint256 public deposits;

    constructor() {
        ICourt.Rules memory rules = theRules();
        rules.jurySize = uint8(SIZE);
        started(rules);
        people = [renter, session, donor];
        for (uint256 i = 0; i < 8; ++i) {
            people.push(juror(i));
        }
        for (uint256 i = 0; i < people.length; ++i) {
            hasFree(people[i], 1_000_000);
            enrolled(people[i], i < 3 ? 1 : 2);
        }
        vm.roll(block.number + 1);
        paidIn = coin.balanceOf(address(leases));
    }

    modifier forward() {
        _;
        for (uint256 i = 0; i < books.length; ++i) {
            uint256 rank = rankOf(books[i]);
            assertGe(rank, books[i].rank, "a case went back");
            books[i].rank = rank;
        }
    }

    function pass(uint256 seconds_, uint256 blocks) external forward {
        vm.warp(block.timestamp + bound(seconds_, 1, 1 days));
        vm.roll(block.number + bound(blocks, 1, 300));
    }

    /// @dev To the first second after a case's present phase.
    function advance(uint256 which) private {
        if (books.length == 0) return;
        Book storage b = books[which % books.length];
        uint256 until = b.until;
        ICourt.Phase now_ = expected(b);
        if (now_ == ICourt.Phase.Revealing) until += REVEAL_S;
        if (now_ == ICourt.Phase.Appealable) until += REVEAL_S + APPEAL_S;
        if (until >= block.timestamp) vm.warp(until + 1);
    }

    /// @dev Several steps that a case can take where it stands, so that many cases come to their end.
    function proceed(uint256 which, uint256 steps, uint256 bits) external forward {
        if (books.length == 0) return;
        which = which % books.length;
        for (steps = bound(steps, 1, 5); steps != 0; --steps) {
            bits = uint256(keccak256(abi.encode(bits)));
            Book storage b = books[which];
            ICourt.Phase now_ = expected(b);
            if (now_ == ICourt.Phase.Accused && bits % 8 != 0) {
                contest(which, true);
            } else if (now_ == ICourt.Phase.Drawing) {
                draw(which, bits, bytes32(bits));
            } else if (now_ == ICourt.Phase.Committing && bits % 2 == 0) {
                commit(which, uint48(bits >> 8), uint48(bits >> 56));
            } else if (now_ == ICourt.Phase.Revealing && bits % 2 == 0) {
                reveal(which, uint48(bits >> 8));
            } else if (now_ == ICourt.Phase.Appealable && bits % 2 == 0) {
                appeal(which, verdict(b, 0) ? 2 : bits % 2);
            } else if (now_ == ICourt.Phase.Decided) {
                settle(which);
            } else if (now_ == ICourt.Phase.Uncontested) {
                uphold(which);
            } else if (now_ != ICourt.Phase.Closed) {
                advance(which);
            }
        }
    }

    /// @dev A call that may be right or wrong, on any case.
    function meddle(uint256 which, uint256 what, uint256 bits) external forward {
        what = what % 7;
        if (what == 0) contest(which, bits % 2 == 0);
        else if (what == 1) uphold(which);
        else if (what == 2) draw(which, bits, bytes32(bits));
        else if (what == 3) commit(which, uint48(bits), uint48(bits >> 48));
        else if (what == 4) reveal(which, uint48(bits));
        else if (what == 5) appeal(which, bits);
        else settle(which);
    }

    function accuse(uint256 penalty, uint256 by, bool quoted) external forward {
        if (books.length == MOST_CASES) return;
        penalty = bound(penalty, 0, 20_000);
        bytes32 salt = bytes32(books.length);
        Deal memory d = quoted ? opened(uint128(penalty), salt) : deal(uint128(penalty), salt);
        if (!quoted) {
            vm.prank(renter);
            leases.open(d.terms);
        }
        ++deposits;
        address accuser = by % 3 == 0 ? session : by % 3 == 1 ? renter : juror(0);
        bytes memory data = abi.encodeCall(ICourt.accuse, (d.terms, d.share, new bytes32[](0), d.acceptance, EVIDENCE));

        bool done = call(accuser, data);

        assertEq(done, by % 3 != 2, "accuse");
        if (!done) return pledge(quoted, penalty);
        assertFalse(call(accuser, data), "accused twice");
        books.push();
        Book storage b = books[books.length - 1];
        b.deal = d;
        b.quoted = quoted;
        b.seized = penalty;
        b.bond = penalty / 5 < 500 ? 500 : penalty / 5;
        b.held = penalty + b.bond;
        b.accusedAt = block.number;
        b.until = block.timestamp + CONTEST_S;
        b.stage = ICourt.Phase.Accused;
    }

    function contest(uint256 which, bool byDonor) private {
        if (books.length == 0) return;
        Book storage b = books[which % books.length];
        bool right = byDonor && expected(b) == ICourt.Phase.Accused;

        bool done = call(byDonor ? donor : renter, abi.encodeCall(ICourt.contest, (b.deal.caseId)));

        assertEq(done, right, "contest");
        if (!done) return;
        b.stage = ICourt.Phase.Drawing;
        b.held += b.bond;
    }

    function uphold(uint256 which) private {
        if (books.length == 0) return;
        Book storage b = books[which % books.length];
        bool right = expected(b) == ICourt.Phase.Uncontested;
        uint256 before = burned();

        bool done = call(stranger, abi.encodeCall(ICourt.uphold, (b.deal.terms, 0)));

        assertEq(done, right, "uphold");
        if (!done) return;
        assertEq(burned() - before, b.seized / 5, "burned");
        closed(b, ICourt.Outcome.Guilty);
    }

    /// @dev Also with the pool changed once the hash is known: the jury must be the same.
    function draw(uint256 which, uint256 late, bytes32 seed) private {
        if (books.length == 0) return;
        Book storage b = books[which % books.length];
        bytes memory data = abi.encodeCall(ICourt.draw, (b.deal.terms, 0));
        if (b.stage != ICourt.Phase.Drawing) return assertFalse(call(stranger, data), "drawn without need");
        uint256 drawBlock = court.caseOf(b.deal.caseId).drawBlock;
        if (block.number <= drawBlock) {
            assertFalse(call(stranger, data), "drawn too early");
            vm.roll(drawBlock + 1);
        }
        if (block.number > drawBlock + 256) {
            assertTrue(call(stranger, data), "draw set again");
            return assertEq(court.caseOf(b.deal.caseId).drawBlock, block.number + DRAW_AFTER, "drawn too late");
        }
        vm.setBlockhash(drawBlock, seed);
        uint256 before = vm.snapshotState();
        assertTrue(call(stranger, data), "draw");
        uint32[] memory jury = court.juryOf(b.deal.caseId, uint8(b.juries));
        vm.revertToState(before);
        disturb(late);
        assertTrue(call(stranger, data), "draw once more");
        uint32[] memory again = court.juryOf(b.deal.caseId, uint8(b.juries));
        assertEq(keccak256(abi.encode(jury)), keccak256(abi.encode(again)), "the draw was steered");
        if (jury.length == 0) undrawn(b);
        else seated(b, jury);
    }

    /// @dev Jurors commit, as two words of bits say: whether, and to what; some to both, one after the other.
    function commit(uint256 which, uint48 who, uint48 what) private {
        if (books.length == 0) return;
        Book storage b = books[which % books.length];
        bool right = expected(b) == ICourt.Phase.Committing;
        if (b.juries == 0) return;
        (uint8 start, uint8 end) = places(b);
        for (uint8 place = start; place < end; ++place) {
            uint48 bit = uint48(1) << place;
            if (who & bit == 0) continue;
            bytes32 commitment = court.commitmentOf(b.deal.caseId, place, what & bit != 0, saltOf(place));
            bytes memory data = abi.encodeCall(ICourt.commit, (b.deal.caseId, place, commitment));

            assertFalse(call(stranger, data), "a stranger's vote");
            bool done = call(jurorAt(b.deal, place), data);

            assertEq(done, right, "commit");
            if (!done) continue;
            b.committed |= bit;
            b.meant = (b.meant & ~bit) | (what & bit);
        }
    }

    /// @dev Some votes are revealed, some of them first wrongly; those of an earlier round are tried too.
    function reveal(uint256 which, uint48 who) private {
        if (books.length == 0) return;
        Book storage b = books[which % books.length];
        if (b.juries == 0) return;
        (uint8 start, uint8 end) = places(b);
        bool inTime = expected(b) == ICourt.Phase.Revealing;
        // A place of the first jury's is tried on appeal, and always one behind the last.
        for (uint8 place = start / 8; place <= end; place = place == 2 && start != 0 ? start : place + 1) {
            uint48 bit = uint48(1) << place;
            if (who & bit == 0 || b.revealed & bit != 0) continue;
            bool right = inTime && place >= start && place < end && b.committed & bit != 0;
            bool meant = b.meant & bit != 0;

            assertFalse(revealed(b, place, !meant), "a vote that was not committed to");
            bool done = revealed(b, place, meant);

            assertEq(done, right, "reveal");
            if (!done) continue;
            b.revealed |= bit;
            if (meant) b.guilty |= bit;
        }
    }

    function appeal(uint256 which, uint256 by) private {
        if (books.length == 0) return;
        Book storage b = books[which % books.length];
        address appellant = people[by % 4];
        bool byDonor = appellant == donor;
        bool right = expected(b) == ICourt.Phase.Appealable && by % 4 != 3 && byDonor == verdict(b, 0);

        bool done = call(appellant, abi.encodeCall(ICourt.appeal, (b.deal.terms, 0)));

        assertEq(done, right, "appeal");
        if (!done) return;
        b.stage = ICourt.Phase.Drawing;
        b.appealByDonor = byDonor;
        ++b.appeals;
        b.held += 3 * b.bond;
    }

    function settle(uint256 which) private {
        if (books.length == 0) return;
        Book storage b = books[which % books.length];
        bool right = expected(b) == ICourt.Phase.Decided;
        (uint256 rentersBefore, uint256 donorsBefore) = (wealth(renter), wealth(donor));

        bool done = call(stranger, abi.encodeCall(ICourt.settle, (b.deal.terms, 0)));

        assertEq(done, right, "settle");
        if (!done) return;
        bool guilty = verdict(b, b.juries - 1);
        if (guilty) assertGe(wealth(renter), rentersBefore + b.bond + (b.seized - b.seized / 5), "the renter's");
        else assertGe(wealth(donor), donorsBefore + b.bond + b.seized, "the donor's");
        closed(b, guilty ? ICourt.Outcome.Guilty : ICourt.Outcome.NotGuilty);
    }

    function enroll(uint256 who, uint256 count) external forward {
        (uint256 seats, uint256 vacant) = court.pool();
        if (seats - vacant >= MOST_SEATS) return;
        enrollNow(people[who % people.length], bound(count, 1, 3));
    }

    function resign(uint256 who, uint256 seat) external forward {
        (uint256 seats,) = court.pool();
        seat = seat % seats;
        ICourt.Seat memory s = court.seatOf(uint32(seat));
        address by = who % 4 == 0 ? stranger : s.juror;
        bool right = by == s.juror && s.juror != address(0) && s.leavingAt == 0;

        bool done = by != address(0) && call(by, abi.encodeCall(ICourt.resign, (uint32(seat))));

        assertEq(done, right, "resign");
    }

    function vacate(uint256 seat, uint256 blocks) external forward {
        (uint256 seats,) = court.pool();
        seat = seat % seats;
        vm.roll(block.number + bound(blocks, 0, 100));
        ICourt.Seat memory s = court.seatOf(uint32(seat));
        bool right = s.leavingAt != 0 && block.number > s.leavingAt + 261 && dutiesOfSeats()[seat] == 0;

        bool done = call(stranger, abi.encodeCall(ICourt.vacate, (uint32(seat))));

        assertEq(done, right, "vacate");
    }

    function gift(uint256 amount) external forward {
        amount = bound(amount, 1, 10);
        hasFree(address(this), amount);
        leases.give(address(court), amount);
        gifts += amount;
        paidIn += amount;
    }

    function parts() external view returns (Court, Leases) {
        return (court, leases);
    }

    function cases() external view returns (uint256) {
        return books.length;
    }

    function caseId(uint256 which) external view returns (bytes32) {
        return books[which].deal.caseId;
    }

    function held() external view returns (uint256 sum) {
        for (uint256 i = 0; i < books.length; ++i) {
            sum += books[i].held;
        }
    }

    function votes(uint256 which) external view returns (uint48 revealed_, uint48 guilty) {
        return (books[which].revealed, books[which].guilty);
    }

    function standing(uint256 which) external view returns (ICourt.Phase, ICourt.Outcome) {
        return (expected(books[which]), books[which].outcome);
    }

    function rounds(uint256 which) external view returns (uint256 juries, uint256 appeals) {
        return (books[which].juries, books[which].appeals);
    }

    function everyone() external view returns (address[] memory) {
        return people;
    }

    /// @dev How many open cases each seat sits on, counted over all juries.
    function dutiesOfSeats() public view returns (uint256[] memory duties) {
        (uint256 seats,) = court.pool();
        duties = new uint256[](seats);
        for (uint256 i = 0; i < books.length; ++i) {
            Book storage b = books[i];
            if (b.stage == ICourt.Phase.Closed) continue;
            for (uint8 round = 0; round < b.juries; ++round) {
                uint32[] memory jury = court.juryOf(b.deal.caseId, round);
                for (uint256 k = 0; k < jury.length; ++k) {
                    ++duties[jury[k]];
                }
            }
        }
    }

    function wealth(address who) public view returns (uint256) {
        IVault.Account memory a = leases.accountOf(who);
        return uint256(a.free) + a.bonded + a.thawing;
    }

    function disturb(uint256 late) private {
        enrollNow(people[late % people.length], late % 3);
        (uint256 seats,) = court.pool();
        for (uint256 i = 0; i < 4; ++i) {
            uint32 seat = uint32((late >> (8 * i)) % seats);
            address who = court.seatOf(seat).juror;
            if (who != address(0)) call(who, abi.encodeCall(ICourt.resign, (seat)));
            call(stranger, abi.encodeCall(ICourt.vacate, (uint32((late >> (8 * i + 4)) % seats))));
        }
        for (uint256 i = 0; i < books.length; ++i) {
            Book storage b = books[i];
            if (expected(b) != ICourt.Phase.Decided || (late >> i) & 1 == 0) continue;
            court.settle(b.deal.terms, 0);
            closed(b, verdict(b, b.juries - 1) ? ICourt.Outcome.Guilty : ICourt.Outcome.NotGuilty);
        }
    }

    function enrollNow(address who, uint256 count) private {
        bool right = wealth(who) != 0 && free(who) >= count * SEAT;
        if (!right) return;
        vm.startPrank(who);
        leases.bond(count * SEAT);
        court.enroll(count);
        vm.stopPrank();
    }

    function seated(Book storage b, uint32[] memory jury) private {
        assertEq(jury.length, b.juries == 0 ? SIZE : 2 * SIZE + 1, "jury");
        for (uint256 i = 0; i < jury.length; ++i) {
            ICourt.Seat memory s = court.seatOf(jury[i]);
            assertTrue(s.juror != renter && s.juror != session && s.juror != donor, "a party sits on the jury");
            assertTrue(s.juror != address(0), "nobody sits on the jury");
            assertLt(s.takenAt, b.accusedAt, "a late seat sits on the jury");
        }
        ++b.juries;
        b.stage = ICourt.Phase.Committing;
        b.until = block.timestamp + COMMIT_S;
    }

    function undrawn(Book storage b) private {
        if (b.juries == 0) return closed(b, ICourt.Outcome.Dismissed);
        b.held -= 3 * b.bond;
        b.stage = ICourt.Phase.Decided;
    }

    function closed(Book storage b, ICourt.Outcome outcome) private {
        b.stage = ICourt.Phase.Closed;
        b.outcome = outcome;
        b.held = 0;
        if (outcome != ICourt.Outcome.Guilty) pledge(b.quoted, b.seized);
    }

    function pledge(bool quoted, uint256 penalty) private {
        if (quoted) pledged += penalty;
    }

    function revealed(Book storage b, uint8 place, bool guilty) private returns (bool) {
        ICourt.Vote[] memory one = new ICourt.Vote[](1);
        one[0] = voteOf(place, guilty);
        return call(stranger, abi.encodeCall(ICourt.reveal, (b.deal.caseId, one)));
    }

    function call(address by, bytes memory data) private returns (bool done) {
        vm.prank(by);
        (done,) = address(court).call(data);
    }

    function places(Book storage b) private view returns (uint8 start, uint8 end) {
        return b.juries == 1 ? (0, uint8(SIZE)) : (16, uint8(16 + 2 * SIZE + 1));
    }

    function verdict(Book storage b, uint256 round) private view returns (bool) {
        uint48 mask = round == 0 ? 0xffff : ~uint48(0xffff);
        return 2 * ones(b.guilty & mask) > ones(b.revealed & mask);
    }

    function expected(Book storage b) private view returns (ICourt.Phase) {
        uint256 late = block.timestamp > b.until ? block.timestamp - b.until : 0;
        if (b.stage == ICourt.Phase.Accused && late != 0) return ICourt.Phase.Uncontested;
        if (b.stage != ICourt.Phase.Committing || late == 0) return b.stage;
        if (late <= REVEAL_S) return ICourt.Phase.Revealing;
        if (b.juries == 1 && late <= REVEAL_S + APPEAL_S) return ICourt.Phase.Appealable;
        return ICourt.Phase.Decided;
    }

    /// @dev Rises with every step that a case can take, through both rounds.
    function rankOf(Book storage b) private view returns (uint256) {
        uint256 now_ = uint256(court.phaseOf(b.deal.caseId));
        ICourt.Case memory c = court.caseOf(b.deal.caseId);
        if (now_ >= uint256(ICourt.Phase.Decided)) return 100 + now_;
        return now_ + 10 * (b.appeals == 0 || c.juries == 0 ? 0 : 1);
    }

    function ones(uint48 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits >>= 1) {
            count += bits & 1;
        }
    }
}

contract CourtInvariants is Test {
    CourtHandler private handler;
    Court private court;
    Leases private leases;

    function setUp() external {
        handler = new CourtHandler();
        (court, leases) = handler.parts();
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = CourtHandler.pass.selector;
        selectors[1] = CourtHandler.accuse.selector;
        selectors[2] = CourtHandler.proceed.selector;
        selectors[3] = CourtHandler.meddle.selector;
        selectors[4] = CourtHandler.enroll.selector;
        selectors[5] = CourtHandler.resign.selector;
        selectors[6] = CourtHandler.vacate.selector;
        selectors[7] = CourtHandler.gift.selector;
        targetSelector(address(handler), selectors);
    }

    function invariant_C1_TheCourtHoldsThePenaltiesAndBondsOfOpenCases() external view {
        assertEq(leases.accountOf(address(court)).free, handler.held() + handler.gifts(), "held");
    }

    function invariant_C2_JurorsReserveExactlyTheirSeats() external view {
        address[] memory people = handler.everyone();
        uint256[] memory expected = new uint256[](people.length);
        expected[2] = handler.pledged();
        (uint256 seats,) = court.pool();
        for (uint32 seat = 0; seat < seats; ++seat) {
            ICourt.Seat memory s = court.seatOf(seat);
            for (uint256 i = 0; i < people.length; ++i) {
                if (s.juror == people[i]) expected[i] += 10 * (100 - uint256(s.fined));
            }
        }
        for (uint256 i = 0; i < people.length; ++i) {
            assertEq(leases.accountOf(people[i]).reserved, expected[i], "reserved");
        }
    }

    /// @dev C3 and C5 are looked at when a jury is drawn, C11 by drawing twice.
    function invariant_C4_NoSeatSitsTwiceInACase() external view {
        for (uint256 i = 0; i < handler.cases(); ++i) {
            bytes32 caseId = handler.caseId(i);
            uint256 seen;
            for (uint8 round = 0; round < 2; ++round) {
                uint32[] memory jury = court.juryOf(caseId, round);
                for (uint256 k = 0; k < jury.length; ++k) {
                    assertEq(seen & (1 << jury[k]), 0, "twice");
                    seen |= 1 << jury[k];
                }
            }
        }
    }

    function invariant_C6_OnlyVotesCommittedToAndRevealedCount() external view {
        for (uint256 i = 0; i < handler.cases(); ++i) {
            (uint48 revealed, uint48 guilty) = handler.votes(i);
            ICourt.Case memory c = court.caseOf(handler.caseId(i));
            assertEq(c.revealed, revealed, "revealed");
            assertEq(c.guilty, guilty, "guilty");
        }
    }

    /// @dev That no call moves a case back, the handler sees.
    function invariant_C7_ACaseStandsWhereItsCallsAndTheTimePutIt() external view {
        for (uint256 i = 0; i < handler.cases(); ++i) {
            (ICourt.Phase phase, ICourt.Outcome outcome) = handler.standing(i);
            bytes32 caseId = handler.caseId(i);
            assertEq(uint256(court.phaseOf(caseId)), uint256(phase), "phase");
            assertEq(uint256(court.caseOf(caseId).outcome), uint256(outcome), "outcome");
        }
    }

    function invariant_C8_ACaseIsAppealedAtMostOnce() external view {
        for (uint256 i = 0; i < handler.cases(); ++i) {
            (uint256 juries, uint256 appeals) = handler.rounds(i);
            assertLe(appeals, 1, "appeals");
            assertEq(court.caseOf(handler.caseId(i)).juries, juries, "juries");
        }
    }

    function invariant_C9_AllCoinIsSomeonesOrBurned() external view {
        address[] memory people = handler.everyone();
        uint256 sum = handler.deposits() + handler.wealth(address(0)) + handler.wealth(address(court));
        for (uint256 i = 0; i < people.length; ++i) {
            sum += handler.wealth(people[i]);
        }
        assertEq(sum, handler.paidIn(), "all accounts, deposits and what was burned");
    }

    function invariant_C10_SeatsHaveTheirDutiesAndAtMostAllIsFined() external view {
        uint256[] memory duties = handler.dutiesOfSeats();
        for (uint32 seat = 0; seat < duties.length; ++seat) {
            ICourt.Seat memory s = court.seatOf(seat);
            assertLe(s.fined, 100, "fined");
            assertEq(s.duties, duties[seat], "duties");
            if (s.duties != 0) assertTrue(s.juror != address(0), "vacated");
        }
    }
}
