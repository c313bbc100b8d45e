// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "./ILeases.sol";

/// @title ICourt
/// @notice Judges what cannot be proven on chain: wrong results, data that was run away with, capacity that was a lie.
///
/// A lease's renter accuses the donor of a share, with a bond, and the share's penalty is seized into escrow. A donor that
/// does not contest in time is convicted. One that does puts up an equal bond, and a jury is drawn from the hash of a
/// later block; it commits to its votes, then reveals them. The losing party may appeal once, against a larger bond, to a
/// larger jury whose verdict is final. Then the jurors of both rounds are judged by the final verdict: who voted with it
/// shares the losing party's bonds and the fines of the other jurors.
///
/// A seat in the pool that juries are drawn from costs `seatStake` of the juror's stake. Every seat is as likely as any
/// other, so jurors are drawn by their stake. Whom a draw can reach is settled before its block hash is known: only
/// seats taken before the accusation count, the number of seats in the pool is recorded, a seat that asks to leave later
/// still counts, and is not vacated before every draw that can reach it is over.
///
/// Like a lease, a case is not stored in full: a call brings the lease's terms again where it needs the parties. What the
/// renter's side is owed goes to the renter, also where its session key paid. All deadlines are inclusive.
///
/// Invariants:
/// C1. The court's account in the vault = the penalties and bonds of all open cases, to the unit (gifts to it aside).
/// C2. Of a juror's stake exactly its seats are reserved here: for each, `seatStake` less its fines, until it is vacated.
/// C3. Nobody sits on a jury over a share that it rents, serves or signs vouchers for.
/// C4. No seat sits twice in a case, neither on one jury nor on both.
/// C5. No seat is drawn that was taken in the block of the accusation or later.
/// C6. A vote counts only if it was committed to in time and revealed, as committed, afterwards.
/// C7. A case only moves forward; its outcome, once there, stays, and its share is never accused again.
/// C8. A case is appealed at most once.
/// C9. What a closed case took in = what it paid out + what it burned, to the unit.
/// C10. A seat is never fined more than it has, and is not vacated while a case that it sits on is open.
/// C11. Whom a draw picks does not depend on who enrolls, leaves, vacates or is fined once its block hash is known.
interface ICourt {
    /// @notice Where a case stands.
    /// @custom:value None there is no such case
    /// @custom:value Accused the donor may contest
    /// @custom:value Uncontested the donor did not; anyone may uphold the accusation
    /// @custom:value Drawing a jury is to be drawn, by anyone
    /// @custom:value Committing jurors commit to their votes
    /// @custom:value Revealing votes are revealed
    /// @custom:value Appealable the losing party may appeal
    /// @custom:value Decided the verdict is final; anyone may settle
    /// @custom:value Closed it is over
    enum Phase {
        None,
        Accused,
        Uncontested,
        Drawing,
        Committing,
        Revealing,
        Appealable,
        Decided,
        Closed
    }

    /// @notice How a case ended.
    /// @custom:value Open it has not
    /// @custom:value Guilty the donor lost its penalty and was convicted
    /// @custom:value NotGuilty the donor got its penalty back, and part of the accuser's bonds
    /// @custom:value Dismissed no jury could be drawn, and everyone got back what it had put up
    enum Outcome {
        Open,
        Guilty,
        NotGuilty,
        Dismissed
    }

    /// @notice What this deployment goes by. It never changes.
    /// @param seatStake stake that a seat costs; a multiple of 100
    /// @param minBond the least bond
    /// @param bondPercent the bond of an accusation and of a contest, in percent of what was seized
    /// @param appealFactor how many such bonds an appeal costs; at least 2
    /// @param jurySize n, odd, 3 to 15; on appeal 2n + 1
    /// @param minorityPercent the fine for a vote against the final verdict, in percent of `seatStake`
    /// @param noShowPercent the fine for a vote that was not revealed, likewise; more than `minorityPercent`
    /// @param burnPercent what is burned of a convicted donor's penalty, 10 to 50; the rest is the renter's
    /// @param donorPercent what an acquitted donor gets of the accuser's bonds, at most 90; the rest is the jurors'
    /// @param contestS seconds that a donor has to contest; at most 30 days, like all that follow
    /// @param commitS seconds that jurors have to commit, from the draw on
    /// @param revealS seconds that they then have to reveal
    /// @param appealS seconds that the losing party then has to appeal
    struct Rules {
        uint96 seatStake;
        uint96 minBond;
        uint8 bondPercent;
        uint8 appealFactor;
        uint8 jurySize;
        uint8 minorityPercent;
        uint8 noShowPercent;
        uint8 burnPercent;
        uint8 donorPercent;
        uint32 contestS;
        uint32 commitS;
        uint32 revealS;
        uint32 appealS;
    }

    /// @notice A seat in the pool.
    /// @param juror whose it is; nobody's once it is vacant
    /// @param takenAt the block in which it was taken
    /// @param leavingAt the block since which it is leaving; 0: it is not
    /// @param duties how many open cases it sits on
    /// @param fined what it was fined, in percent of `seatStake`
    struct Seat {
        address juror;
        uint32 takenAt;
        uint32 leavingAt;
        uint16 duties;
        uint8 fined;
    }

    /// @notice What is stored of a case.
    ///
    /// Its juries have 48 places: the first jury's start at 0, the appeal's at 16.
    /// @param donor who is accused
    /// @param seized its penalty, as far as it could be taken
    /// @param phase where the case stood when something was last done; `phaseOf` says where it stands now
    /// @param outcome how it ended
    /// @param juries how many juries were drawn; round 0 is the first one's, round 1 the appeal's
    /// @param until unix seconds at which the time to contest ends, or after the draw the time to commit
    /// @param accusedAt the block of the accusation
    /// @param drawBlock the block whose hash the jury is drawn from
    /// @param seats how many seats there were when `drawBlock` was set
    /// @param revealed a bit a place: its vote was revealed
    /// @param guilty a bit a place: it voted for guilty
    struct Case {
        address donor;
        uint96 seized;
        Phase phase;
        Outcome outcome;
        uint8 juries;
        uint32 until;
        uint32 accusedAt;
        uint32 drawBlock;
        uint32 seats;
        uint48 revealed;
        uint48 guilty;
    }

    /// @notice A vote, with what shows that it was committed to.
    /// @param place the juror's place in the case
    /// @param guilty the vote
    /// @param salt what the juror mixed into its commitment
    struct Vote {
        uint8 place;
        bool guilty;
        bytes32 salt;
    }

    /// @notice A juror took a seat.
    event SeatTaken(uint32 indexed seat, address indexed juror);

    /// @notice A seat asked to leave, or has to because it was fined: no draw that is set from now on reaches it.
    event SeatLeaving(uint32 indexed seat, address indexed juror);

    /// @notice What was left of a seat's stake is no longer reserved.
    event SeatVacated(uint32 indexed seat, address indexed juror);

    /// @notice A donor was accused. The terms are all that later calls need.
    event Accused(
        bytes32 indexed caseId,
        address indexed donor,
        ILeases.Terms terms,
        uint32 index,
        uint256 seized,
        bytes32 evidence
    );

    /// @notice A jury will be drawn from the hash of `drawBlock`: the case was contested or appealed, or nobody drew while
    /// an earlier block's hash was there.
    event DrawSet(bytes32 indexed caseId, uint8 round, uint256 drawBlock);

    /// @notice These seats are the jury, in the order of their places, and commit until `until`, inclusive.
    event JuryDrawn(bytes32 indexed caseId, uint8 round, uint32[] seats, uint256 until);

    /// @notice No jury was found for the appeal: its bond went back, and the first verdict is final.
    event AppealDropped(bytes32 indexed caseId);

    /// @notice Votes were revealed; these are now all, a bit a place.
    event VotesRevealed(bytes32 indexed caseId, uint48 revealed, uint48 guilty);

    /// @notice A case is over; each juror that voted with the verdict got `reward`.
    event CaseClosed(bytes32 indexed caseId, address indexed donor, Outcome outcome, uint256 reward);

    /// @notice Only `allowed` may do this.
    error Court_NotAllowed(address caller, address allowed);
    /// @notice The deployment can never work: the named parameter does not fit.
    error Court_BadParameter(string name);
    /// @notice This needs a case in another phase.
    error Court_WrongPhase(bytes32 caseId, Phase phase);
    /// @notice The hash of `drawBlock` is not known yet.
    error Court_DrawTooEarly(bytes32 caseId, uint256 drawBlock);
    /// @notice The case's jury has no such place.
    error Court_NoSuchPlace(bytes32 caseId, uint8 place);
    /// @notice The vote is not what the juror committed to, or there was no commitment.
    error Court_BadReveal(bytes32 caseId, uint8 place);
    /// @notice The seat asked to leave before.
    error Court_AlreadyLeaving(uint32 seat);
    /// @notice The seat is not leaving, or a draw may still reach it, or it sits on an open case.
    error Court_StillSeated(uint32 seat);

    /// @notice Takes `count` seats for the caller, and reserves `seatStake` of its stake for each.
    function enroll(uint256 count) external;

    /// @notice The juror's seat is to leave the pool. It can be vacated once no draw can reach it and its cases are closed.
    function resign(uint32 seat) external;

    /// @notice Frees what is left of the stake of a seat that is leaving. Anyone may send it.
    function vacate(uint32 seat) external;

    /// @notice Accuses the donor of a share: seizes its penalty, and takes the bond out of the caller's free coin. Only the
    /// lease's renter or its session key, while the lease can be brought to trial, and once a share.
    /// @param evidence hash of what the renter has to show, which jurors are given off chain
    /// @return caseId the case's name
    function accuse(
        ILeases.Terms calldata terms,
        ILeases.Share calldata share,
        bytes32[] calldata proof,
        ILeases.Acceptance calldata acceptance,
        bytes32 evidence
    ) external returns (bytes32 caseId);

    /// @notice The donor calls for a jury, against an equal bond.
    function contest(bytes32 caseId) external;

    /// @notice Convicts a donor that did not contest in time. Anyone may send it.
    function uphold(ILeases.Terms calldata terms, uint32 index) external;

    /// @notice Draws the jury. Anyone may send it, within 256 blocks after `drawBlock`; later it sets another draw block.
    /// @dev Where not enough seats are found, the case is dismissed, or the appeal is dropped.
    function draw(ILeases.Terms calldata terms, uint32 index) external;

    /// @notice A juror commits to its vote by `commitmentOf` it; it may do so again until the time is over.
    function commit(bytes32 caseId, uint8 place, bytes32 commitment) external;

    /// @notice Reveals votes. Anyone may send it, so that jurors can hand their salts to one sender.
    /// @dev A vote that was revealed before is passed over, so a batch survives a race. Anything else that is wrong reverts
    /// the whole batch.
    function reveal(bytes32 caseId, Vote[] calldata votes) external;

    /// @notice The losing party calls for a second, larger jury, against the appeal's bond: the donor once it was found
    /// guilty, the renter or its session key once it was not.
    function appeal(ILeases.Terms calldata terms, uint32 index) external;

    /// @notice Closes a decided case: pays parties and jurors, fines jurors, burns the rest. Anyone may send it.
    function settle(ILeases.Terms calldata terms, uint32 index) external;

    /// @notice Where a case stands now.
    function phaseOf(bytes32 caseId) external view returns (Phase);

    /// @notice What is stored of a case.
    function caseOf(bytes32 caseId) external view returns (Case memory);

    /// @notice The seats of a round's jury, in the order of their places; empty before it is drawn.
    function juryOf(bytes32 caseId, uint8 round) external view returns (uint32[] memory seats);

    /// @notice What was committed to at a place; 0: nothing.
    function commitmentAt(bytes32 caseId, uint8 place) external view returns (bytes32);

    /// @notice How many votes of a round were revealed for guilty, and how many for not guilty. A tie is not guilty.
    function votesOf(bytes32 caseId, uint8 round) external view returns (uint256 guilty, uint256 notGuilty);

    /// @notice A seat.
    function seatOf(uint32 seat) external view returns (Seat memory);

    /// @notice How many seats there are, numbered from 0, and how many of them are vacant.
    function pool() external view returns (uint256 seats, uint256 vacant);

    /// @notice The bonds of a case over `seized`: the accuser's and the contesting donor's, and the appellant's.
    function bondsOf(uint256 seized) external view returns (uint256 bond, uint256 appealBond);

    /// @notice The rules of this deployment.
    function rules() external view returns (Rules memory);

    /// @notice The leases that this court judges, and the vault that it is paid in.
    function leases() external view returns (ILeases);

    /// @notice The name of the case over a share: keccak256(abi.encode(leaseId, index)).
    function caseIdOf(bytes32 leaseId, uint32 index) external pure returns (bytes32);

    /// @notice What a juror commits to: keccak256(abi.encode(caseId, place, guilty, salt)).
    /// @dev The place stands for round and juror: what one juror committed to is worth nothing at another's place.
    function commitmentOf(bytes32 caseId, uint8 place, bool guilty, bytes32 salt) external pure returns (bytes32);
}
