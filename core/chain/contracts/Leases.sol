// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {ILeases} from "./ILeases.sol";
import {Vault} from "./Vault.sol";

/// @title Leases
/// @dev Documented in ILeases. Nobody owns it and nothing in it can be upgraded.
contract Leases is ILeases, Vault, EIP712, Multicall {
    bytes32 private constant VOUCHER_TYPEHASH = keccak256("Voucher(bytes32 lease,uint32 index,uint128 amount)");
    bytes32 private constant ACCEPTANCE_TYPEHASH =
        keccak256("Acceptance(bytes32 lease,uint32 index,address donor,uint64 expiresAt,uint256 seats)");
    uint256 private constant MOST_SHARES = 256;

    mapping(bytes32 leaseId => Word) private _words;
    /// @dev Of each share: what it was paid (the low 96 bits; not of the share that has its place in the lease's word) and
    /// when it was retired (the high 32). Two shares fit in a word of storage.
    mapping(bytes32 leaseId => uint128[MOST_SHARES]) private _shares;
    /// @dev A bit a share: its penalty was released or seized.
    mapping(bytes32 leaseId => uint256) private _freed;

    constructor(address coin_, address trials_, address court_, Periods memory periods_)
        Vault(coin_, trials_, court_, periods_)
        EIP712("Sparecloud", "1")
    {}

    /// @inheritdoc ILeases
    function open(Terms calldata terms) external returns (bytes32 leaseId) {
        return _open(terms, false);
    }

    /// @inheritdoc ILeases
    function openQuoted(Terms calldata terms, Share[] calldata shares, Acceptance[] calldata acceptances)
        external
        returns (bytes32 leaseId)
    {
        leaseId = _open(terms, true);
        uint256 count = shares.length;
        if (count == 0 || count > MOST_SHARES || acceptances.length != count) revert Leases_WrongShares(leaseId);

        bytes32[] memory leaves = new bytes32[](count);
        bool[] memory fromLeaves = new bool[](count - 1);
        for (uint256 i = 0; i < count; ++i) {
            Share calldata share = shares[i];
            if (share.index != i) revert Leases_WrongShares(leaseId);
            leaves[i] = _leafOf(share);
            if (i != 0) fromLeaves[i - 1] = true;
            if (block.timestamp > acceptances[i].expiresAt) {
                revert Leases_AcceptanceExpired(share.index, share.donor, acceptances[i].expiresAt);
            }
            _checkAcceptance(leaseId, share, acceptances[i]);
            if (share.penalty != 0) _reserve(share.donor, share.penalty);
        }
        // With every leaf given, the multiproof is the root itself, and no sibling is needed.
        if (MerkleProof.processMultiProof(new bytes32[](0), fromLeaves, leaves) != terms.root) {
            revert Leases_WrongShares(leaseId);
        }
    }

    /// @inheritdoc ILeases
    function claim(Terms calldata terms, Claim[] calldata claims) external {
        bytes32 leaseId = leaseIdOf(terms);
        Word memory word = _words[leaseId];
        if (word.status != Status.Open && word.status != Status.Closing) {
            revert Leases_WrongStatus(leaseId, word.status);
        }
        if (block.timestamp > word.claimableUntil) revert Leases_ClaimTooLate(leaseId, word.claimableUntil);

        for (uint256 i = 0; i < claims.length; ++i) {
            _redeem(terms, leaseId, word, claims[i]);
        }
        _words[leaseId] = word;
    }

    /// @inheritdoc ILeases
    function retire(Terms calldata terms, Share calldata share, bytes32[] calldata proof) external {
        if (msg.sender != share.donor) revert Leases_NotAllowed(msg.sender, share.donor);
        bytes32 leaseId = checkShare(terms, share, proof);
        if (_words[leaseId].status == Status.None) revert Leases_WrongStatus(leaseId, Status.None);
        uint128 before = _shares[leaseId][share.index];
        if (before >> 96 != 0) revert Leases_AlreadyRetired(leaseId, share.index);
        _shares[leaseId][share.index] = before | (uint128(uint32(block.timestamp)) << 96);
        emit ShareRetired(leaseId, share.donor, share.index);
    }

    /// @inheritdoc ILeases
    function close(Terms calldata terms) external {
        if (!_speaksFor(terms)) revert Leases_NotAllowed(msg.sender, terms.renter);
        bytes32 leaseId = leaseIdOf(terms);
        Word storage word = _words[leaseId];
        Status status = word.status;
        if (status != Status.Open) revert Leases_WrongStatus(leaseId, status);

        uint32 until = uint32(block.timestamp) + terms.graceS;
        if (until < word.claimableUntil) word.claimableUntil = until;
        else until = word.claimableUntil;
        word.status = Status.Closing;
        emit LeaseClosed(leaseId, until);
    }

    /// @inheritdoc ILeases
    function sweep(Terms calldata terms) external {
        bytes32 leaseId = leaseIdOf(terms);
        Word storage word = _words[leaseId];
        (Status status, uint256 until, uint256 refund) = (word.status, word.claimableUntil, word.remaining);
        if (status != Status.Open && status != Status.Closing) revert Leases_WrongStatus(leaseId, status);
        if (block.timestamp <= until) revert Leases_SweepTooEarly(leaseId, until);

        word.status = Status.Ended;
        _put(terms.renter, refund);
        emit LeaseSwept(leaseId, refund);
    }

    /// @inheritdoc ILeases
    function release(Terms calldata terms, Share calldata share, bytes32[] calldata proof) external {
        bytes32 leaseId = checkShare(terms, share, proof);
        Word memory word = _words[leaseId];
        uint256 triableUntil = word.claimableUntil + _trialWindowS;
        if (block.timestamp <= triableUntil && !_speaksFor(terms)) {
            revert Leases_ReleaseTooEarly(leaseId, triableUntil);
        }
        if (!word.quoted || isFreed(leaseId, share.index)) revert Leases_NothingReserved(leaseId, share.index);
        _freed[leaseId] |= 1 << share.index;
        _unreserve(share.donor, share.penalty);
        emit ShareReleased(leaseId, share.donor, share.index);
    }

    /// @inheritdoc ILeases
    function seize(Terms calldata terms, Share calldata share, bytes32[] calldata proof, Acceptance calldata acceptance)
        external
        onlyJudges
        returns (bytes32 leaseId, uint256 seized)
    {
        leaseId = checkShare(terms, share, proof);
        Word memory word = _words[leaseId];
        if (word.status == Status.None) revert Leases_WrongStatus(leaseId, Status.None);
        uint256 triableUntil = word.claimableUntil + _trialWindowS;
        if (block.timestamp > triableUntil) revert Leases_TrialTooLate(leaseId, triableUntil);
        if (isFreed(leaseId, share.index)) revert Leases_NothingReserved(leaseId, share.index);

        _freed[leaseId] |= 1 << share.index;
        if (word.quoted) {
            seized = share.penalty;
            _seizeReserved(share.donor, seized);
        } else {
            if (word.openedAt > acceptance.expiresAt) {
                revert Leases_AcceptanceExpired(share.index, share.donor, acceptance.expiresAt);
            }
            _checkAcceptance(leaseId, share, acceptance);
            seized = _seizeUnreserved(share.donor, share.penalty);
        }
    }

    /// @inheritdoc ILeases
    function restore(bytes32 leaseId, uint32 index, address donor, uint256 seized) external onlyJudges {
        _freed[leaseId] &= ~(1 << index);
        _restore(donor, seized);
        if (_words[leaseId].quoted) _reserve(donor, seized);
    }

    /// @inheritdoc ILeases
    function lease(bytes32 leaseId) external view returns (Word memory) {
        return _words[leaseId];
    }

    /// @inheritdoc ILeases
    function shareOf(bytes32 leaseId, uint32 index) external view returns (uint256 paid, uint256 retiredAt) {
        return (_paid(_words[leaseId], leaseId, index), _shares[leaseId][index] >> 96);
    }

    /// @inheritdoc ILeases
    function checkAcceptance(bytes32 leaseId, Share calldata share, Acceptance calldata acceptance) external view {
        _checkAcceptance(leaseId, share, acceptance);
    }

    /// @inheritdoc ILeases
    function digestOf(bytes32 structHash) external view returns (bytes32) {
        return _hashTypedDataV4(structHash);
    }

    /// @inheritdoc ILeases
    function isFreed(bytes32 leaseId, uint32 index) public view returns (bool) {
        return (_freed[leaseId] >> index) & 1 != 0;
    }

    /// @inheritdoc ILeases
    function checkShare(Terms calldata terms, Share calldata share, bytes32[] calldata proof)
        public
        view
        returns (bytes32 leaseId)
    {
        leaseId = leaseIdOf(terms);
        _checkLeaf(terms, leaseId, share.index, _leafOf(share), proof);
    }

    /// @inheritdoc ILeases
    function leaseIdOf(Terms calldata terms) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), terms));
    }

    function _open(Terms calldata terms, bool quoted) private returns (bytes32 leaseId) {
        if (msg.sender != terms.renter) revert Leases_NotAllowed(msg.sender, terms.renter);
        if (terms.session == address(0)) revert Leases_BadTerms("session");
        if (terms.root == bytes32(0)) revert Leases_BadTerms("root");
        if (terms.deposit == 0 || terms.deposit > type(uint80).max) revert Leases_BadTerms("deposit");
        if (terms.endsAt <= block.timestamp || terms.endsAt > block.timestamp + _longestLeaseS) {
            revert Leases_BadTerms("endsAt");
        }
        if (terms.graceS > _longestGraceS) revert Leases_BadTerms("graceS");
        leaseId = leaseIdOf(terms);
        Status status = _words[leaseId].status;
        if (status != Status.None) revert Leases_WrongStatus(leaseId, status);

        _take(terms.renter, terms.deposit);
        _words[leaseId] = Word({
            remaining: uint80(terms.deposit),
            claimableUntil: uint32(terms.endsAt) + terms.graceS,
            openedAt: uint32(block.timestamp),
            status: Status.Open,
            quoted: quoted,
            first: 0,
            firstPaid: 0
        });
        emit LeaseOpened(leaseId, terms.renter, terms.deposit, quoted);
    }

    // The equalities ask whether something was ever paid, and to which share; no balance that others can move is compared.
    // slither-disable-start incorrect-equality

    /// @dev Pays what a voucher adds to what its share was paid, and takes it off `word`, which the caller stores.
    function _redeem(Terms calldata terms, bytes32 leaseId, Word memory word, Claim calldata c) private {
        uint256 before = _paid(word, leaseId, c.index);
        if (c.amount <= before) return;
        _checkClaim(terms, leaseId, c);

        uint256 payout = c.amount - before;
        if (payout > word.remaining) payout = word.remaining;
        if (payout == 0) return;
        word.remaining -= uint80(payout);
        if (word.firstPaid == 0) word.first = uint8(c.index);
        if (word.first == c.index) word.firstPaid += uint80(payout);
        else _shares[leaseId][c.index] += uint128(payout);
        emit SharePaid(leaseId, c.donor, c.index, payout, _earn(c.donor, payout));
    }

    function _paid(Word memory word, bytes32 leaseId, uint32 index) private view returns (uint256) {
        return word.firstPaid != 0 && word.first == index ? word.firstPaid : uint96(_shares[leaseId][index]);
    }

    // slither-disable-end incorrect-equality

    function _speaksFor(Terms calldata terms) private view returns (bool) {
        return msg.sender == terms.renter || msg.sender == terms.session;
    }

    /// @dev Reverts unless the claim's share is behind the root, within its cap, and signed for by the session key.
    function _checkClaim(Terms calldata terms, bytes32 leaseId, Claim calldata c) private view {
        _checkLeaf(terms, leaseId, c.index, _leaf(c.index, c.donor, c.cap, c.detail), c.proof);
        if (c.amount > c.cap) revert Leases_OverCap(c.index, c.amount, c.cap);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPEHASH, leaseId, c.index, c.amount)));
        if (!_signed(digest, c.r, c.vs, terms.session)) revert Leases_BadVoucher(c.index, c.amount);
    }

    function _checkAcceptance(bytes32 leaseId, Share calldata share, Acceptance calldata acceptance) private view {
        bytes32 digest = _hashTypedDataV4(
            keccak256(
                abi.encode(
                    ACCEPTANCE_TYPEHASH, leaseId, share.index, share.donor, acceptance.expiresAt, acceptance.seats
                )
            )
        );
        if (!_signed(digest, acceptance.r, acceptance.vs, share.donor)) {
            revert Leases_BadAcceptance(share.index, share.donor);
        }
    }

    function _checkLeaf(Terms calldata terms, bytes32 leaseId, uint32 index, bytes32 leaf, bytes32[] calldata proof)
        private
        pure
    {
        if (index >= MOST_SHARES || !MerkleProof.verifyCalldata(proof, terms.root, leaf)) {
            revert Leases_UnknownShare(leaseId, index);
        }
    }

    function _leafOf(Share calldata share) private pure returns (bytes32) {
        bytes32 detail = keccak256(abi.encode(share.penalty, share.resources));
        return _leaf(share.index, share.donor, share.cap, detail);
    }

    function _leaf(uint32 index, address donor, uint128 cap, bytes32 detail) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(index, donor, cap, detail))));
    }

    function _signed(bytes32 digest, bytes32 r, bytes32 vs, address by) private pure returns (bool) {
        // The third value says more about the problem, which is refused whatever it is.
        // slither-disable-next-line unused-return
        (address signer, ECDSA.RecoverError problem,) = ECDSA.tryRecover(digest, r, vs);
        return problem == ECDSA.RecoverError.NoError && signer == by;
    }
}
