// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ILeases} from "./ILeases.sol";
import {ITrials} from "./ITrials.sol";

/// @title Trials
/// @dev Documented in ITrials. Nobody owns it and nothing in it can be upgraded. It calls only Leases, which calls nobody
/// back; how much could be seized is known only after the call, so a challenge is stored after it.
contract Trials is ITrials {
    /// @dev A deal as evidence of double selling: from when until when its seats were sold, and whether its penalty can
    /// still be seized.
    struct Sold {
        bytes32 lease;
        uint256 from;
        uint256 to;
        bool seizable;
    }

    bytes32 private constant ANSWER_TYPEHASH = keccak256("Answer(uint256 trial)");
    bytes32 private constant CUSTODY_TYPEHASH =
        keccak256("Custody(bytes32 lease,uint32 index,bytes32 dataRoot,uint64 chunks)");
    uint256 private constant LEAST_BURN_PERCENT = 10;
    uint256 private constant MOST_CHALLENGER_PERCENT = 15;
    uint256 private constant LEAST_RENTER_PERCENT = 50;

    ILeases private immutable _leases;
    uint32 private immutable _trialWindowS;
    uint96 private immutable _minBond;
    uint8 private immutable _bondPercent;
    uint32 private immutable _answerS;
    uint8 private immutable _samples;
    uint8 private immutable _burnPercent;
    uint8 private immutable _challengerPercent;

    /// @dev Of each share: the name of the trial it is in, or else the unix seconds until which it rests, shifted left by
    /// one bit, which says whether it rests from a proof of storage.
    mapping(bytes32 lease => mapping(uint32 index => uint256)) private _states;
    mapping(uint256 trialId => Draw) private _draws;

    constructor(ILeases leases_, Rules memory rules_) {
        if (leases_.trials() != address(this)) revert Trials_BadParameter("leases");
        uint32 trialWindowS = leases_.periods().trialWindowS;
        if (rules_.minBond == 0) revert Trials_BadParameter("minBond");
        if (rules_.bondPercent > 100) revert Trials_BadParameter("bondPercent");
        if (rules_.answerS == 0 || 2 * uint256(rules_.answerS) >= trialWindowS) revert Trials_BadParameter("answerS");
        if (rules_.samples == 0) revert Trials_BadParameter("samples");
        if (rules_.challengerPercent > MOST_CHALLENGER_PERCENT) revert Trials_BadParameter("challengerPercent");
        uint256 notRenters = uint256(rules_.burnPercent) + rules_.challengerPercent;
        if (rules_.burnPercent < LEAST_BURN_PERCENT || notRenters > 100 - LEAST_RENTER_PERCENT) {
            revert Trials_BadParameter("burnPercent");
        }
        _leases = leases_;
        _trialWindowS = trialWindowS;
        _minBond = rules_.minBond;
        _bondPercent = rules_.bondPercent;
        _answerS = rules_.answerS;
        _samples = rules_.samples;
        _burnPercent = rules_.burnPercent;
        _challengerPercent = rules_.challengerPercent;
    }

    /// @inheritdoc ITrials
    function challenge(Deal calldata deal) external returns (uint256 trialId) {
        return _open(_seizeTriable(deal, false));
    }

    /// @inheritdoc ITrials
    function challengeStorage(Deal calldata deal, Custody calldata custody) external returns (uint256 trialId) {
        if (msg.sender != deal.terms.renter) revert Trials_NotAllowed(msg.sender, deal.terms.renter);
        Trial memory trial = _seizeTriable(deal, true);
        _checkCustody(trial, custody);
        (trial.dataRoot, trial.chunks) = (custody.dataRoot, custody.chunks);
        return _open(trial);
    }

    /// @inheritdoc ITrials
    function answer(Trial calldata trial) external {
        if (msg.sender != trial.donor) revert Trials_NotAllowed(msg.sender, trial.donor);
        _answer(trial, _checkOpen(trial, false));
    }

    /// @inheritdoc ITrials
    function answerSigned(Trial calldata trial, bytes32 r, bytes32 vs) external {
        uint256 trialId = _checkOpen(trial, false);
        if (!_signed(keccak256(abi.encode(ANSWER_TYPEHASH, trialId)), r, vs, trial.donor)) {
            revert Trials_BadAnswer(trialId);
        }
        _answer(trial, trialId);
    }

    /// @inheritdoc ITrials
    function draw(Trial calldata trial) external {
        uint256 trialId = _checkOpen(trial, true);
        Draw memory lot = _draws[trialId];
        if (lot.provableUntil != 0) revert Trials_AlreadyDrawn(trialId);
        if (block.number <= lot.seedBlock) revert Trials_DrawTooEarly(trialId, lot.seedBlock);

        bytes32 seed = blockhash(lot.seedBlock);
        if (seed == bytes32(0)) {
            lot.seedBlock = uint64(block.number + 1);
            emit SeedPostponed(trialId, lot.seedBlock);
        } else {
            lot.seed = uint128(uint256(seed));
            lot.provableUntil = uint64(block.timestamp + _answerS);
            emit SeedDrawn(trialId, lot.seed, lot.provableUntil);
        }
        _draws[trialId] = lot;
    }

    /// @inheritdoc ITrials
    function prove(Trial calldata trial, Sample[] calldata samples) external {
        uint256 trialId = _checkOpen(trial, true);
        Draw memory lot = _draws[trialId];
        if (lot.provableUntil == 0) revert Trials_NotDrawn(trialId);
        _checkInTime(trialId, lot.provableUntil);
        if (samples.length != _samples) revert Trials_WrongCount(trialId, _samples);
        for (uint256 i = 0; i < samples.length; ++i) {
            uint64 number = _drawn(trial, trialId, lot.seed, i);
            bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(number, keccak256(samples[i].chunk)))));
            if (!MerkleProof.verifyCalldata(samples[i].proof, trial.dataRoot, leaf)) {
                revert Trials_BadSample(trialId, i, number);
            }
        }

        delete _draws[trialId];
        _acquit(trial, trialId, Outcome.Proven);
    }

    /// @inheritdoc ITrials
    function conclude(Trial calldata trial) external {
        uint256 trialId = trialIdOf(trial);
        uint256 until = answerableUntil(trial);
        if (until == 0 || block.timestamp <= until) revert Trials_TooEarly(trialId, until);

        delete _states[trial.lease][trial.index];
        delete _draws[trialId];
        emit TrialEnded(trialId, trial.donor, Outcome.Convicted);
        _pay(trial, bondOf(trial.seized));
        _leases.convict(trial.donor);
    }

    /// @inheritdoc ITrials
    function convictDoubleSale(Deal calldata one, Deal calldata other) external {
        Sold memory a = _sold(one);
        Sold memory b = _sold(other);
        bool apart = Math.max(a.from, b.from) >= Math.min(a.to, b.to);
        // Names are the same or not.
        // slither-disable-next-line incorrect-equality
        bool same = a.lease == b.lease && one.share.index == other.share.index;
        bool otherSeats = one.acceptance.seats & other.acceptance.seats == 0;
        if (same || otherSeats || apart || one.share.donor != other.share.donor) revert Trials_NoDoubleSale();

        uint256 seized = _punish(one, a);
        seized += _punish(other, b);
        if (seized == 0) revert Trials_NothingAtStake();
        _leases.convict(one.share.donor);
    }

    /// @inheritdoc ITrials
    function drawOf(uint256 trialId) external view returns (Draw memory) {
        return _draws[trialId];
    }

    /// @inheritdoc ITrials
    function drawn(Trial calldata trial) external view returns (uint64[] memory chunks) {
        uint256 trialId = _checkOpen(trial, true);
        Draw memory lot = _draws[trialId];
        if (lot.provableUntil == 0) revert Trials_NotDrawn(trialId);
        chunks = new uint64[](_samples);
        for (uint256 i = 0; i < chunks.length; ++i) {
            chunks[i] = _drawn(trial, trialId, lot.seed, i);
        }
    }

    /// @inheritdoc ITrials
    function rules() external view returns (Rules memory) {
        return Rules(_minBond, _bondPercent, _answerS, _samples, _burnPercent, _challengerPercent);
    }

    /// @inheritdoc ITrials
    function leases() external view returns (ILeases) {
        return _leases;
    }

    /// @inheritdoc ITrials
    function isOpen(Trial calldata trial) public view returns (bool) {
        // A name is the same or not, though a time went into it.
        // slither-disable-next-line incorrect-equality
        return _states[trial.lease][trial.index] == trialIdOf(trial);
    }

    /// @inheritdoc ITrials
    function answerableUntil(Trial calldata trial) public view returns (uint256) {
        uint256 trialId = _checkOpen(trial, trial.chunks != 0);
        return trial.chunks == 0 ? trial.openedAt + _answerS : _draws[trialId].provableUntil;
    }

    /// @inheritdoc ITrials
    function restsUntil(bytes32 lease, uint32 index) public view returns (uint256 liveness, uint256 storage_) {
        uint256 state = _states[lease][index];
        liveness = state >> 1;
        storage_ = state & 1 == 0 ? 0 : liveness;
    }

    /// @inheritdoc ITrials
    function bondOf(uint256 seized) public view returns (uint256) {
        return Math.max(_minBond, (seized * _bondPercent) / 100);
    }

    /// @inheritdoc ITrials
    function trialIdOf(Trial memory trial) public pure returns (uint256) {
        return uint256(keccak256(abi.encode(trial)));
    }

    /// @dev Takes a share's penalty into escrow, if it can be tried now; the trial lacks only what is in custody.
    function _seizeTriable(Deal calldata deal, bool overStorage) private returns (Trial memory trial) {
        ILeases.Share calldata share = deal.share;
        (bytes32 lease, uint256 seized) = _leases.seize(deal.terms, share, deal.proof, deal.acceptance);
        if (seized == 0) revert Trials_NothingAtStake();
        ILeases.Word memory word = _leases.lease(lease);
        if (block.timestamp > word.claimableUntil) revert Trials_NotRunning(lease);
        // slither-disable-next-line unused-return
        (, uint256 retiredAt) = _leases.shareOf(lease, share.index);
        if (retiredAt != 0 && (!overStorage || block.timestamp > retiredAt + 2 * uint256(_answerS))) {
            revert Trials_Retired(lease, share.index, retiredAt);
        }
        return _trialOf(deal, lease, seized);
    }

    function _open(Trial memory trial) private returns (uint256 trialId) {
        _leases.charge(msg.sender, bondOf(trial.seized));
        (uint256 liveness, uint256 storage_) = restsUntil(trial.lease, trial.index);
        uint256 until = trial.chunks != 0 ? storage_ : liveness;
        if (block.timestamp <= until) revert Trials_Resting(trial.lease, trial.index, until);

        trialId = trialIdOf(trial);
        _states[trial.lease][trial.index] = trialId;
        if (trial.chunks != 0) _draws[trialId] = Draw(uint64(block.number + 1), 0, 0);
        emit TrialOpened(trialId, trial.lease, trial.donor, trial);
    }

    function _answer(Trial calldata trial, uint256 trialId) private {
        _checkInTime(trialId, trial.openedAt + _answerS);
        _acquit(trial, trialId, Outcome.Answered);
    }

    /// @dev Gives the donor its stake back, and the bond.
    function _acquit(Trial calldata trial, uint256 trialId, Outcome outcome) private {
        uint256 state = (block.timestamp + _answerS) << 1;
        _states[trial.lease][trial.index] = outcome == Outcome.Proven ? state | 1 : state;
        emit TrialEnded(trialId, trial.donor, outcome);
        _leases.restore(trial.lease, trial.index, trial.donor, trial.seized);
        _leases.give(trial.donor, bondOf(trial.seized));
    }

    /// @dev Seizes what can still be seized over a seat that was sold twice, and shares it out.
    function _punish(Deal calldata deal, Sold memory sold) private returns (uint256 seized) {
        if (!sold.seizable) return 0;
        // slither-disable-next-line unused-return
        (, seized) = _leases.seize(deal.terms, deal.share, deal.proof, deal.acceptance);
        _pay(_trialOf(deal, sold.lease, seized), 0);
    }

    /// @dev Shares out a convicted donor's penalty; `bond` goes back to the challenger.
    function _pay(Trial memory trial, uint256 bond) private {
        uint256 toChallenger = (uint256(trial.seized) * _challengerPercent) / 100;
        uint256 toRenter = (uint256(trial.seized) * (100 - _burnPercent - _challengerPercent)) / 100;
        uint256 burned = trial.seized - toRenter - toChallenger;
        emit PenaltyPaid(trial.lease, trial.donor, trial.challenger, trial.index, toRenter, toChallenger, burned);
        _leases.give(trial.renter, toRenter);
        _leases.give(trial.challenger, toChallenger + bond);
        // Nobody can ever call as the zero address.
        _leases.give(address(0), burned);
    }

    /// @dev A deal as evidence of double selling; reverts unless the donor is bound by it.
    function _sold(Deal calldata deal) private view returns (Sold memory sold) {
        ILeases.Share calldata share = deal.share;
        sold.lease = _leases.checkShare(deal.terms, share, deal.proof);
        _leases.checkAcceptance(sold.lease, share, deal.acceptance);
        ILeases.Word memory word = _leases.lease(sold.lease);
        if (word.openedAt == 0) revert Trials_NotRunning(sold.lease);
        if (word.openedAt > deal.acceptance.expiresAt) revert Trials_NotAccepted(sold.lease, share.index);
        // slither-disable-next-line unused-return
        (, uint256 retiredAt) = _leases.shareOf(sold.lease, share.index);
        sold.from = word.openedAt;
        sold.to = word.claimableUntil - deal.terms.graceS;
        if (retiredAt != 0) sold.to = Math.min(sold.to, retiredAt);
        sold.seizable = block.timestamp <= uint256(word.claimableUntil) + _trialWindowS
            && !_leases.isFreed(sold.lease, share.index);
    }

    /// @dev Reverts unless the donor signed for these chunks.
    function _checkCustody(Trial memory trial, Custody calldata custody) private view {
        bytes32 structHash =
            keccak256(abi.encode(CUSTODY_TYPEHASH, trial.lease, trial.index, custody.dataRoot, custody.chunks));
        if (custody.chunks == 0 || !_signed(structHash, custody.r, custody.vs, trial.donor)) {
            revert Trials_BadCustody(custody.dataRoot, custody.chunks);
        }
    }

    /// @dev Reverts unless the trial is open, and one over storage or not, as asked.
    function _checkOpen(Trial calldata trial, bool overStorage) private view returns (uint256 trialId) {
        trialId = trialIdOf(trial);
        if (_states[trial.lease][trial.index] != trialId) revert Trials_NotOpen(trialId);
        if ((trial.chunks != 0) != overStorage) revert Trials_WrongKind(trialId);
    }

    function _checkInTime(uint256 trialId, uint256 until) private view {
        if (block.timestamp > until) revert Trials_TooLate(trialId, until);
    }

    function _signed(bytes32 structHash, bytes32 r, bytes32 vs, address by) private view returns (bool) {
        // slither-disable-next-line unused-return
        (address signer, ECDSA.RecoverError problem,) = ECDSA.tryRecover(_leases.digestOf(structHash), r, vs);
        // slither-disable-next-line incorrect-equality
        return problem == ECDSA.RecoverError.NoError && signer == by;
    }

    /// @dev Which chunk a sample is of.
    function _drawn(Trial calldata trial, uint256 trialId, uint256 seed, uint256 i) private pure returns (uint64) {
        // The seed is the hash of a block that nobody knew at the challenge.
        // slither-disable-next-line weak-prng
        return uint64(uint256(keccak256(abi.encode(seed, trialId, i))) % trial.chunks);
    }

    /// @dev A trial over liveness that this deal opens now.
    function _trialOf(Deal calldata deal, bytes32 lease, uint256 seized) private view returns (Trial memory) {
        return Trial({
            lease: lease,
            index: deal.share.index,
            donor: deal.share.donor,
            renter: deal.terms.renter,
            challenger: msg.sender,
            seized: uint128(seized),
            openedAt: uint64(block.timestamp),
            dataRoot: bytes32(0),
            chunks: 0
        });
    }
}
