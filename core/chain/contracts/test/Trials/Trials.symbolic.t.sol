// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "../../ILeases.sol";
import {ITrials} from "../../ITrials.sol";
import {IVault} from "../../IVault.sol";
import {Trials} from "../../Trials.sol";
import {Test} from "../support/Test.sol";

/// @title Books
/// @notice Stands for the leases: says what it was told to say, and writes down who was given what. The real ones name
/// the trials before these are deployed, at an address that halmos would make up.
contract Books {
    uint256 public seized;
    mapping(bytes32 lease => ILeases.Word) private words;
    mapping(address owner => uint256) public given;
    uint256 public charged;
    uint256 public restored;

    function setSeized(uint256 amount) external {
        seized = amount;
    }

    function setWord(bytes32 name, uint32 claimableUntil, uint32 openedAt) external {
        words[name] = ILeases.Word(1, claimableUntil, openedAt, ILeases.Status.Open, true, 0, 0);
    }

    function charge(address, uint256 amount) external {
        charged += amount;
    }

    function give(address to, uint256 amount) external {
        given[to] += amount;
    }

    function restore(bytes32, uint32, address, uint256 amount) external {
        restored += amount;
    }

    function trials() external view returns (address) {
        return msg.sender;
    }

    function periods() external pure returns (IVault.Periods memory) {
        return IVault.Periods(0, 0, 1000, 0, 0);
    }

    /// @dev A lease is named by its salt.
    function seize(
        ILeases.Terms calldata terms,
        ILeases.Share calldata,
        bytes32[] calldata,
        ILeases.Acceptance calldata
    ) external view returns (bytes32, uint256) {
        return (terms.salt, seized);
    }

    function checkShare(ILeases.Terms calldata terms, ILeases.Share calldata, bytes32[] calldata)
        external
        pure
        returns (bytes32)
    {
        return terms.salt;
    }

    function lease(bytes32 name) external view returns (ILeases.Word memory) {
        return words[name];
    }

    function convict(address) external pure {}

    function checkAcceptance(bytes32, ILeases.Share calldata, ILeases.Acceptance calldata) external pure {}

    function isFreed(bytes32, uint32) external pure returns (bool) {
        return false;
    }

    function shareOf(bytes32, uint32) external pure returns (uint256, uint256) {
        return (0, 0);
    }
}

/// @title TrialsSymbolic
/// @notice Proofs, for all inputs, about what trials do with time and money.
contract TrialsSymbolic is Test {
    address private constant DONOR = address(0xD0);
    address private constant RENTER = address(0x4E);
    address private constant CHALLENGER = address(0xC4);
    uint96 private constant BOND = 500;
    uint32 private constant ANSWER_S = 100;
    uint32 private constant START = 1_700_000_000;

    Books private books = new Books();
    Trials private trials = deploy(ITrials.Rules(BOND, 0, ANSWER_S, 4, 25, 10));

    function deploy(ITrials.Rules memory rules) private returns (Trials) {
        return new Trials(ILeases(address(books)), rules);
    }

    function deal(uint256 salt) private pure returns (ITrials.Deal memory made) {
        made.terms = ILeases.Terms(RENTER, RENTER, 0, 1, 0, 0, bytes32(salt));
        made.share = ILeases.Share(0, DONOR, 0, 0, 0);
        made.proof = new bytes32[](0);
        made.acceptance.expiresAt = type(uint64).max;
    }

    function challenged(uint128 seized) private returns (ITrials.Trial memory) {
        vm.warp(START);
        books.setSeized(seized);
        books.setWord(bytes32(uint256(1)), type(uint32).max, START);
        vm.prank(CHALLENGER);
        trials.challenge(deal(1));
        return ITrials.Trial(bytes32(uint256(1)), 0, DONOR, RENTER, CHALLENGER, seized, START, 0, 0);
    }

    function concluded(ITrials.Trial memory trial) private returns (bool done) {
        (done,) = address(trials).call(abi.encodeCall(ITrials.conclude, (trial)));
    }

    function answered(ITrials.Trial memory trial, address by) private returns (bool done) {
        vm.prank(by);
        (done,) = address(trials).call(abi.encodeCall(ITrials.answer, (trial)));
    }

    function check_AnAnswerGivesBackWhatWasSeized(uint96 seized) external {
        vm.assume(seized != 0);
        ITrials.Trial memory trial = challenged(seized);

        bool done = answered(trial, DONOR);

        assertTrue(done, "answered");
        assertEq(books.restored(), seized, "restored");
        assertEq(books.given(DONOR), books.charged(), "the bond");
        assertEq(books.given(RENTER) + books.given(CHALLENGER) + books.given(address(0)), 0, "slashed");
    }

    function check_ADonorIsConvictedOnlyWhenItCannotAnswerAnyMore(uint32 later, bool answers) external {
        ITrials.Trial memory trial = challenged(1);
        vm.warp(uint256(START) + later);

        bool done = answers ? answered(trial, DONOR) : concluded(trial);

        assertEq(done, answers == (later <= ANSWER_S), "in time or too late");
    }

    function check_ATrialEndsOnce(uint32 later, uint32 evenLater, bool first, bool second) external {
        ITrials.Trial memory trial = challenged(1);
        vm.warp(uint256(START) + later);
        bool done = first ? answered(trial, DONOR) : concluded(trial);
        vm.assume(done);
        vm.warp(uint256(START) + later + evenLater);

        bool again = second ? answered(trial, DONOR) : concluded(trial);

        assertFalse(again, "ended twice");
    }

    function check_OnlyTheDonorAnswers(address who) external {
        ITrials.Trial memory trial = challenged(1);
        assertEq(answered(trial, who), who == DONOR, "answered");
    }

    function check_OnlyWhatWasOpenedIsTried(ITrials.Trial calldata other) external {
        ITrials.Trial memory trial = challenged(1);
        vm.warp(START + ANSWER_S + 1);
        vm.assume(keccak256(abi.encode(other)) != keccak256(abi.encode(trial)));
        assertFalse(concluded(other), "another trial was concluded");
    }

    function check_ADoubleSaleIsOfOneSeatAtOneTime(
        uint32 from,
        uint32 to,
        uint32 otherFrom,
        uint32 otherTo,
        uint256 seats,
        uint256 otherSeats
    ) external {
        vm.warp(START);
        vm.assume(from != 0 && otherFrom != 0 && from <= to && otherFrom <= otherTo);
        vm.assume(to >= START && otherTo >= START);
        books.setSeized(1);
        books.setWord(bytes32(uint256(1)), to, from);
        books.setWord(bytes32(uint256(2)), otherTo, otherFrom);
        (ITrials.Deal memory one, ITrials.Deal memory other) = (deal(1), deal(2));
        (one.acceptance.seats, other.acceptance.seats) = (seats, otherSeats);

        (bool done,) = address(trials).call(abi.encodeCall(ITrials.convictDoubleSale, (one, other)));

        bool together = from < to && otherFrom < otherTo && from < otherTo && otherFrom < to;
        assertEq(done, together && seats & otherSeats != 0, "convicted");
    }

    function check_AcceptedRulesDeterAndPutTheRenterFirst(ITrials.Rules memory rules) external {
        try this.tried(rules) {
            assertGe(rules.burnPercent, 10, "burned");
            assertLe(rules.challengerPercent, 15, "the challenger's part");
            assertLe(uint256(rules.burnPercent) + rules.challengerPercent, 50, "what is not the renter's");
            assertGt(rules.minBond, 0, "bond");
            assertGt(rules.answerS, 0, "time to answer");
            assertLt(2 * uint256(rules.answerS), 1000, "time to answer in the trial window");
            assertGt(rules.samples, 0, "samples");
        } catch {}
    }

    function tried(ITrials.Rules memory rules) external returns (Trials) {
        return deploy(rules);
    }
}
