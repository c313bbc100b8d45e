// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Coin} from "../../Coin.sol";
import {Court} from "../../Court.sol";
import {ICourt} from "../../ICourt.sol";
import {ILeases} from "../../ILeases.sol";
import {IVault} from "../../IVault.sol";
import {Leases} from "../../Leases.sol";
import {Signing} from "../Leases/LeasesFixture.sol";

/// @notice Shows where a contract would be.
contract Probe {}

/// @title CourtFixture
/// @notice Real leases and their court, parties with coin and stake, and a pool of jurors.
abstract contract CourtFixture is Signing {
    /// @notice A lease with one share, and what an accusation over it takes.
    struct Deal {
        ILeases.Terms terms;
        ILeases.Share share;
        ILeases.Acceptance acceptance;
        bytes32 leaseId;
        bytes32 caseId;
    }

    // All leave dust, whatever the percentages.
    uint96 internal constant PENALTY = 10_007;
    uint96 internal constant BOND = 2_001;
    uint96 internal constant APPEAL_BOND = 6_003;
    uint96 internal constant SEAT = 1_000;
    uint96 internal constant MINORITY_FINE = 100;
    uint96 internal constant NO_SHOW_FINE = 300;
    uint96 internal constant STAKE = 1_000_000;
    uint96 internal constant FREE = 1_000_000;
    uint32 internal constant TRIAL_WINDOW_S = 3 days;
    uint32 internal constant CONTEST_S = 1 days;
    uint32 internal constant COMMIT_S = 2 days;
    uint32 internal constant REVEAL_S = 3 days;
    uint32 internal constant APPEAL_S = 4 days;
    uint256 internal constant DRAW_AFTER = 5;
    bytes32 internal constant EVIDENCE = keccak256("what the renter has to show");

    Coin internal coin = new Coin("Spare", "SPARE", 1_000_000 ether);
    Leases internal leases;
    Court internal court;

    address internal donor;
    uint256 internal donorKey;
    address internal renter = addressOf("renter");
    address internal session = addressOf("session");
    address internal stranger = addressOf("stranger");

    constructor() {
        (donor, donorKey) = account("donor");
        started(theRules());
    }

    /// @dev From nothing: leases, their court, and parties that have coin.
    function started(ICourt.Rules memory rules) internal {
        leases = new Leases(address(coin), address(0x7121A15), created(1), periods());
        court = new Court(leases, rules);
        hasFree(renter, FREE);
        hasFree(session, FREE);
        hasFree(donor, FREE);
        hasBonded(donor, STAKE);
    }

    function periods() internal pure returns (IVault.Periods memory) {
        return IVault.Periods(10 days, 2 days, TRIAL_WINDOW_S, 16 days, 12 days);
    }

    function theRules() internal pure returns (ICourt.Rules memory) {
        return ICourt.Rules({
            seatStake: SEAT,
            minBond: 500,
            bondPercent: 20,
            appealFactor: 3,
            jurySize: 5,
            minorityPercent: 10,
            noShowPercent: 30,
            burnPercent: 20,
            donorPercent: 25,
            contestS: CONTEST_S,
            commitS: COMMIT_S,
            revealS: REVEAL_S,
            appealS: APPEAL_S
        });
    }

    /// @dev A court of its own for the same leases.
    function deployed(ICourt.Rules memory rules) internal returns (Court) {
        leasesName(created(0));
        return new Court(leases, rules);
    }

    function leasesName(address court_) internal {
        vm.mockCall(address(leases), abi.encodeCall(IVault.court, ()), abi.encode(court_));
    }

    /// @dev Where this contract will create a contract after `others` others.
    function created(uint256 others) internal returns (address next) {
        uint256 before = vm.snapshotState();
        for (uint256 i = 0; i <= others; ++i) {
            next = address(new Probe());
        }
        vm.revertToState(before);
    }

    function hasFree(address owner, uint256 amount) internal {
        coin.transfer(owner, amount);
        vm.startPrank(owner);
        coin.approve(address(leases), amount);
        leases.deposit(amount);
        vm.stopPrank();
    }

    function hasBonded(address owner, uint256 amount) internal {
        hasFree(owner, amount);
        vm.prank(owner);
        leases.bond(amount);
    }

    function juror(uint256 number) internal pure returns (address) {
        return address(uint160(0x10000 + number));
    }

    /// @dev Jurors 0 to `count` - 1, with a seat each, taken in an earlier block.
    function enrolled(uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            enrolled(juror(i), 1);
        }
        vm.roll(block.number + 1);
    }

    function enrolled(address who, uint256 count) internal {
        hasBonded(who, count * SEAT);
        vm.prank(who);
        court.enroll(count);
    }

    function deal(uint128 penalty, bytes32 salt) internal view returns (Deal memory d) {
        d.share = ILeases.Share(0, donor, 1 ether, penalty, 0);
        ILeases.Share[] memory shares = new ILeases.Share[](1);
        shares[0] = d.share;
        uint64 endsAt = uint64(block.timestamp) + 5 days;
        d.terms = ILeases.Terms(renter, session, rootOf(shares), 1, endsAt, 6 hours, salt);
        d.leaseId = leases.leaseIdOf(d.terms);
        d.caseId = court.caseIdOf(d.leaseId, 0);
        d.acceptance = acceptanceOf(leases, donorKey, d.leaseId, d.share, uint64(block.timestamp));
    }

    function opened(uint128 penalty, bytes32 salt) internal returns (Deal memory d) {
        d = deal(penalty, salt);
        ILeases.Share[] memory shares = new ILeases.Share[](1);
        shares[0] = d.share;
        ILeases.Acceptance[] memory acceptances = new ILeases.Acceptance[](1);
        acceptances[0] = d.acceptance;
        vm.prank(d.terms.renter);
        leases.openQuoted(d.terms, shares, acceptances);
    }

    function opened() internal returns (Deal memory) {
        return opened(PENALTY, 0);
    }

    function accuse(Deal memory d, address by) internal {
        vm.prank(by);
        court.accuse(d.terms, d.share, new bytes32[](0), d.acceptance, EVIDENCE);
    }

    function accused() internal returns (Deal memory d) {
        d = opened();
        accuse(d, renter);
    }

    function contest(Deal memory d) internal {
        vm.prank(donor);
        court.contest(d.caseId);
    }

    function contested() internal returns (Deal memory d) {
        d = accused();
        contest(d);
    }

    /// @dev Goes to the first block in which the jury can be drawn, with `seed` for the draw block's hash.
    function seeded(Deal memory d, bytes32 seed) internal {
        uint256 drawBlock = court.caseOf(d.caseId).drawBlock;
        vm.roll(drawBlock + 1);
        vm.setBlockhash(drawBlock, seed);
    }

    function draw(Deal memory d) internal {
        seeded(d, keccak256("a block"));
        court.draw(d.terms, 0);
    }

    function drawn() internal returns (Deal memory d) {
        d = contested();
        draw(d);
    }

    function saltOf(uint8 place) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", place));
    }

    function voteOf(uint8 place, bool guilty) internal pure returns (ICourt.Vote memory) {
        return ICourt.Vote(place, guilty, saltOf(place));
    }

    function jurorAt(Deal memory d, uint8 place) internal view returns (address) {
        uint8 round = place < 16 ? 0 : 1;
        return court.seatOf(court.juryOf(d.caseId, round)[place - 16 * round]).juror;
    }

    function commit(Deal memory d, uint8 place, bool guilty) internal {
        bytes32 commitment = court.commitmentOf(d.caseId, place, guilty, saltOf(place));
        vm.prank(jurorAt(d, place));
        court.commit(d.caseId, place, commitment);
    }

    /// @dev All commit and reveal: `guilty` for guilty, then `notGuilty` for not guilty; the other places stay away.
    function voted(Deal memory d, uint8 guilty, uint8 notGuilty) internal {
        uint8 start = court.caseOf(d.caseId).juries == 1 ? 0 : 16;
        ICourt.Vote[] memory votes = new ICourt.Vote[](guilty + notGuilty);
        for (uint8 i = 0; i < votes.length; ++i) {
            votes[i] = voteOf(start + i, i < guilty);
            commit(d, start + i, i < guilty);
        }
        vm.warp(court.caseOf(d.caseId).until + 1);
        court.reveal(d.caseId, votes);
        vm.warp(block.timestamp + REVEAL_S);
    }

    /// @dev A case in which the first jury has spoken, and an appeal is possible.
    function judged(uint8 guilty, uint8 notGuilty) internal returns (Deal memory d) {
        d = drawn();
        voted(d, guilty, notGuilty);
    }

    function appeal(Deal memory d, address by) internal {
        vm.prank(by);
        court.appeal(d.terms, 0);
    }

    /// @dev Settles a case whose last verdict is there.
    function settled(Deal memory d) internal {
        vm.warp(court.caseOf(d.caseId).until + REVEAL_S + APPEAL_S + 1);
        court.settle(d.terms, 0);
    }

    function free(address owner) internal view returns (uint256) {
        return leases.accountOf(owner).free;
    }

    function bonded(address owner) internal view returns (uint256) {
        return leases.accountOf(owner).bonded;
    }

    function reserved(address owner) internal view returns (uint256) {
        return leases.accountOf(owner).reserved;
    }

    function burned() internal view returns (uint256) {
        return free(address(0));
    }

    function phase(Deal memory d) internal view returns (uint256) {
        return uint256(court.phaseOf(d.caseId));
    }
}
