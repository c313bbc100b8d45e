// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Coin} from "../../Coin.sol";
import {ILeases} from "../../ILeases.sol";
import {ITrials} from "../../ITrials.sol";
import {IVault} from "../../IVault.sol";
import {Leases} from "../../Leases.sol";
import {Trials} from "../../Trials.sol";
import {Signing} from "../Leases/LeasesFixture.sol";

/// @title TrialsFixture
/// @notice Real leases and their trials, donors with keys and stake, and data in custody.
abstract contract TrialsFixture is Signing {
    /// @notice A lease to open, with a share for the donor (index 0) and one for its neighbour (index 1).
    struct Plan {
        uint256 donorKey;
        address renter;
        uint128 penalty;
        uint256 seats;
        uint64 lastsS;
        bool quoted;
        bytes32 salt;
    }

    bytes32 internal constant ANSWER = keccak256("Answer(uint256 trial)");
    bytes32 internal constant CUSTODY = keccak256("Custody(bytes32 lease,uint32 index,bytes32 dataRoot,uint64 chunks)");
    uint32 internal constant TRIAL_WINDOW_S = 3 days;
    uint32 internal constant GRACE_S = 6 hours;
    uint64 internal constant LASTS_S = 5 days;
    /// @dev A tenth of `PENALTY`; the least bond is lower.
    uint96 internal constant BOND = 100_000;
    uint32 internal constant ANSWER_S = 1 hours;
    uint8 internal constant SAMPLES = 4;
    // Leaves dust, whatever the percentages.
    uint128 internal constant PENALTY = 1_000_003;
    uint128 internal constant NEIGHBOURS_PENALTY = 7;
    uint64 internal constant CHUNKS = 13;
    uint256 internal constant STAKE = 10_000_000;

    Coin internal coin = new Coin("Spare", "SPARE", 1_000_000 ether);
    Leases internal leases = new Leases(address(coin), created(3), address(0xC0047), periods());
    Trials internal trials = new Trials(leases, theRules());

    address internal donor;
    uint256 internal donorKey;
    address internal neighbour;
    uint256 internal neighbourKey;
    address internal renter = addressOf("renter");
    address internal challenger = addressOf("challenger");

    constructor() {
        (donor, donorKey) = account("donor");
        (neighbour, neighbourKey) = account("neighbour");
        hasFree(renter, 1 ether);
        hasFree(challenger, 1 ether);
        hasBonded(donor, STAKE);
        hasBonded(neighbour, STAKE);
    }

    function periods() internal pure returns (IVault.Periods memory) {
        return IVault.Periods(10 days, 2 days, TRIAL_WINDOW_S, 16 days, 12 days);
    }

    function theRules() internal pure returns (ITrials.Rules memory) {
        return ITrials.Rules(500, 10, ANSWER_S, SAMPLES, 25, 10);
    }

    /// @dev Where this contract's `nonce`th contract will be.
    function created(uint8 nonce) internal view returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes2(0xd694), address(this), nonce)))));
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

    function plan() internal view returns (Plan memory) {
        return Plan(donorKey, renter, PENALTY, 1, LASTS_S, true, 0);
    }

    function sharesOf(Plan memory p) internal view returns (ILeases.Share[] memory shares) {
        shares = new ILeases.Share[](2);
        shares[0] = ILeases.Share(0, vm.addr(p.donorKey), 1 ether, p.penalty, 0);
        shares[1] = ILeases.Share(1, neighbour, 1 ether, NEIGHBOURS_PENALTY, 0);
    }

    /// @dev The donor's deal, signed, of a lease that is not open yet.
    function planned(Plan memory p) internal view returns (ITrials.Deal memory) {
        ILeases.Share[] memory shares = sharesOf(p);
        uint64 endsAt = uint64(block.timestamp) + p.lastsS;
        ILeases.Terms memory terms = ILeases.Terms(p.renter, p.renter, rootOf(shares), 1, endsAt, GRACE_S, p.salt);
        return ITrials.Deal(
            terms,
            shares[0],
            proofOf(shares, 0),
            accepted(p.donorKey, terms, shares[0], uint64(block.timestamp), p.seats)
        );
    }

    function opened(Plan memory p) internal returns (ITrials.Deal memory deal) {
        deal = planned(p);
        if (!p.quoted) {
            vm.prank(p.renter);
            leases.open(deal.terms);
            return deal;
        }
        ILeases.Share[] memory shares = sharesOf(p);
        ILeases.Acceptance[] memory acceptances = new ILeases.Acceptance[](2);
        acceptances[0] = deal.acceptance;
        acceptances[1] = accepted(neighbourKey, deal.terms, shares[1], uint64(block.timestamp), 1);
        vm.prank(p.renter);
        leases.openQuoted(deal.terms, shares, acceptances);
    }

    function opened() internal returns (ITrials.Deal memory) {
        return opened(plan());
    }

    function openedUnquoted() internal returns (ITrials.Deal memory) {
        Plan memory p = plan();
        p.quoted = false;
        return opened(p);
    }

    function accepted(
        uint256 key,
        ILeases.Terms memory terms,
        ILeases.Share memory share,
        uint64 expiresAt,
        uint256 seats
    ) internal view returns (ILeases.Acceptance memory) {
        bytes32 leaseId = leases.leaseIdOf(terms);
        bytes32 hash = keccak256(abi.encode(ACCEPTANCE, leaseId, share.index, share.donor, expiresAt, seats));
        (bytes32 r, bytes32 vs) = signed(key, leases.digestOf(hash));
        return ILeases.Acceptance(expiresAt, seats, r, vs);
    }

    /// @dev The trial over liveness that a challenge would open now.
    function trialOf(ITrials.Deal memory deal, address by) internal view returns (ITrials.Trial memory) {
        return ITrials.Trial({
            lease: leases.leaseIdOf(deal.terms),
            index: deal.share.index,
            donor: deal.share.donor,
            renter: deal.terms.renter,
            challenger: by,
            seized: deal.share.penalty,
            openedAt: uint64(block.timestamp),
            dataRoot: 0,
            chunks: 0
        });
    }

    /// @dev The trial over storage that a challenge by the renter would open now.
    function storageTrialOf(ITrials.Deal memory deal) internal view returns (ITrials.Trial memory trial) {
        trial = trialOf(deal, deal.terms.renter);
        (trial.dataRoot, trial.chunks) = (dataTree()[0], CHUNKS);
    }

    function challenged(ITrials.Deal memory deal) internal returns (ITrials.Trial memory trial) {
        trial = trialOf(deal, challenger);
        vm.prank(challenger);
        trials.challenge(deal);
    }

    function challengedStorage(ITrials.Deal memory deal) internal returns (ITrials.Trial memory trial) {
        trial = storageTrialOf(deal);
        ITrials.Custody memory custody = custodyOf(deal, donorKey);
        vm.prank(deal.terms.renter);
        trials.challengeStorage(deal, custody);
    }

    /// @dev A trial over storage whose seed is drawn.
    function drawn(ITrials.Deal memory deal) internal returns (ITrials.Trial memory trial) {
        trial = challengedStorage(deal);
        vm.roll(block.number + 2);
        vm.setBlockhash(block.number - 1, keccak256("a block"));
        trials.draw(trial);
    }

    function answerOf(ITrials.Trial memory trial, uint256 key) internal view returns (bytes32 r, bytes32 vs) {
        bytes32 hash = keccak256(abi.encode(ANSWER, uint256(keccak256(abi.encode(trial)))));
        return signed(key, leases.digestOf(hash));
    }

    function custodyOf(ITrials.Deal memory deal, uint256 key) internal view returns (ITrials.Custody memory) {
        return custodyOf(deal, key, dataTree()[0], CHUNKS);
    }

    function custodyOf(ITrials.Deal memory deal, uint256 key, bytes32 dataRoot, uint64 chunks)
        internal
        view
        returns (ITrials.Custody memory)
    {
        bytes32 leaseId = leases.leaseIdOf(deal.terms);
        bytes32 hash = keccak256(abi.encode(CUSTODY, leaseId, deal.share.index, dataRoot, chunks));
        (bytes32 r, bytes32 vs) = signed(key, leases.digestOf(hash));
        return ITrials.Custody(dataRoot, chunks, r, vs);
    }

    /// @dev 256 bytes, the last chunk shorter.
    function chunk(uint256 number) internal pure returns (bytes memory) {
        if (number == CHUNKS - 1) return "the last chunk";
        uint256[8] memory words;
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = number * 31 + i;
        }
        return abi.encode(words);
    }

    /// @dev The tree over the chunks: the root first, the leaves last and backwards.
    function dataTree() internal pure returns (bytes32[] memory nodes) {
        nodes = new bytes32[](2 * CHUNKS - 1);
        for (uint64 i = 0; i < CHUNKS; ++i) {
            nodes[nodes.length - 1 - i] = keccak256(bytes.concat(keccak256(abi.encode(i, keccak256(chunk(i))))));
        }
        for (uint256 node = CHUNKS - 1; node > 0; --node) {
            (bytes32 left, bytes32 right) = (nodes[2 * node - 1], nodes[2 * node]);
            nodes[node - 1] = left < right ? keccak256(abi.encode(left, right)) : keccak256(abi.encode(right, left));
        }
    }

    function sampleOf(uint64 number) internal pure returns (ITrials.Sample memory sample) {
        bytes32[] memory nodes = dataTree();
        uint256 depth;
        for (uint256 node = nodes.length - 1 - number; node > 0; node = (node - 1) / 2) {
            ++depth;
        }
        sample = ITrials.Sample(chunk(number), new bytes32[](depth));
        uint256 filled;
        for (uint256 node = nodes.length - 1 - number; node > 0; node = (node - 1) / 2) {
            sample.proof[filled++] = nodes[node % 2 == 0 ? node - 1 : node + 1];
        }
    }

    function samplesOf(ITrials.Trial memory trial) internal view returns (ITrials.Sample[] memory samples) {
        uint64[] memory numbers = trials.drawn(trial);
        samples = new ITrials.Sample[](numbers.length);
        for (uint256 i = 0; i < numbers.length; ++i) {
            samples[i] = sampleOf(numbers[i]);
        }
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
}
