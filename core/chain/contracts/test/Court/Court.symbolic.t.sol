// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Court} from "../../Court.sol";
import {ICourt} from "../../ICourt.sol";
import {ILeases} from "../../ILeases.sol";
import {Test} from "../support/Test.sol";

/// @notice Stands in for Leases, whose own proofs are elsewhere: it keeps the court's account, and seizes what it is told.
contract Purse {
    uint256 public seized;
    uint256 public held;
    mapping(address owner => uint256) public got;
    mapping(address owner => uint256) public paid;

    /// @dev Whoever asks.
    function court() external view returns (address) {
        return msg.sender;
    }

    function willSeize(uint256 amount) external {
        seized = amount;
    }

    function seize(
        ILeases.Terms calldata terms,
        ILeases.Share calldata,
        bytes32[] calldata,
        ILeases.Acceptance calldata
    ) external returns (bytes32, uint256) {
        held += seized;
        return (keccak256(abi.encode(block.chainid, address(this), terms)), seized);
    }

    function restore(bytes32, uint32, address donor, uint256 amount) external {
        held -= amount;
        got[donor] += amount;
    }

    function charge(address from, uint256 amount) external {
        held += amount;
        paid[from] += amount;
    }

    function give(address to, uint256 amount) external {
        held -= amount;
        got[to] += amount;
    }

    function reserve(address, uint256) external {}

    function convict(address) external {}
}

/// @notice Proofs over all amounts, callers, times and votes, by halmos.
contract CourtSymbolic is Test {
    address private constant RENTER = address(0xA11CE);
    address private constant SESSION = address(0x5E55);
    address private constant DONOR = address(0xD0);
    address private constant JUROR = address(0x70);
    uint32 private constant PERIOD_S = 1 days;

    Purse private purse;
    Court private court;
    ILeases.Terms private terms;
    bytes32 private caseId;
    uint256 private startedAt;

    function setUp() external {
        startedAt = block.timestamp;
        purse = new Purse();
        court = new Court(
            ILeases(address(purse)),
            ICourt.Rules(1_000, 500, 20, 3, 3, 10, 30, 20, 25, PERIOD_S, PERIOD_S, PERIOD_S, PERIOD_S)
        );
        terms = ILeases.Terms(RENTER, SESSION, bytes32(uint256(1)), 1, 1, 1, 0);
        caseId = court.caseIdOf(keccak256(abi.encode(block.chainid, address(purse), terms)), 0);
    }

    function check_AnUncontestedAccusationPaysOutAllItTookIn(uint96 seized) external {
        accused(seized);

        vm.warp(startedAt + PERIOD_S + 1);
        court.uphold(terms, 0);

        uint256 paidIn = seized + purse.paid(RENTER);
        assertEq(purse.held(), 0, "the court keeps something");
        assertEq(purse.got(RENTER) + purse.got(address(0)), paidIn, "all of it");
        assertGe(2 * (purse.got(RENTER) - purse.paid(RENTER)), seized, "the renter gets less than half");
        assertGe(10 * purse.got(address(0)) + 9, seized, "less than a tenth is burned");
    }

    function check_OnlyTheDonorContestsAndOnlyInTime(address caller, uint32 after_) external {
        accused(1_000);
        vm.warp(startedAt + after_);

        vm.prank(caller);
        (bool done,) = address(court).call(abi.encodeCall(ICourt.contest, (caseId)));

        assertEq(done, caller == DONOR && after_ <= PERIOD_S, "contested");
    }

    function check_ADonorCannotBeConvictedBeforeItsTimeToContestIsOver(uint32 after_) external {
        accused(1_000);
        vm.warp(startedAt + after_);

        (bool done,) = address(court).call(abi.encodeCall(ICourt.uphold, (terms, 0)));

        assertEq(done, after_ > PERIOD_S, "upheld");
    }

    function check_TimeMovesACaseOnlyForward(uint8 stage, uint8 juries, uint32 first, uint32 later) external {
        vm.assume(stage == 1 || stage == 4);
        vm.assume(juries == 1 || juries == 2);
        vm.assume(first <= later);
        stored(stage, juries);

        vm.warp(startedAt + first);
        uint256 before = uint256(court.phaseOf(caseId));
        vm.warp(startedAt + later);

        assertGe(uint256(court.phaseOf(caseId)), before, "back");
    }

    function check_OnlyAVoteThatWasCommittedToIsRevealed(bool meant, bytes32 salt, bool shown, bytes32 with) external {
        vm.prank(JUROR);
        court.enroll(1);
        stored(4, 1);
        bytes32 commitment = court.commitmentOf(caseId, 0, meant, salt);
        vm.prank(JUROR);
        court.commit(caseId, 0, commitment);
        vm.warp(startedAt + PERIOD_S + 1);
        ICourt.Vote[] memory votes = new ICourt.Vote[](1);
        votes[0] = ICourt.Vote(0, shown, with);

        (bool done,) = address(court).call(abi.encodeCall(ICourt.reveal, (caseId, votes)));

        assertEq(done, shown == meant && with == salt, "revealed");
        (uint256 guilty, uint256 notGuilty) = court.votesOf(caseId, 0);
        assertEq(guilty, done && meant ? 1 : 0, "guilty");
        assertEq(notGuilty, done && !meant ? 1 : 0, "not guilty");
    }

    function accused(uint96 seized) private {
        purse.willSeize(seized);
        ILeases.Share memory share = ILeases.Share(0, DONOR, 1, seized, 0);
        vm.prank(RENTER);
        court.accuse(terms, share, new bytes32[](0), ILeases.Acceptance(0, 0, 0, 0), 0);
    }

    /// @dev A case in a stage whose time ends a period from now, in the second word of what is stored of it.
    function stored(uint8 stage, uint8 juries) private {
        uint256 word = uint256(stage) | (uint256(juries) << 16) | ((startedAt + PERIOD_S) << 24);
        vm.store(address(court), bytes32(uint256(keccak256(abi.encode(caseId, uint256(3)))) + 1), bytes32(word));
        assertEq(court.caseOf(caseId).until, startedAt + PERIOD_S, "the word's layout");
    }
}
