// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {ILeaseEscrow} from "./ILeaseEscrow.sol";

/// @title LeaseEscrow
/// @dev Documented in ILeaseEscrow. Nobody owns it and nothing in it can be upgraded.
contract LeaseEscrow is ILeaseEscrow, EIP712 {
    using SafeERC20 for IERC20;

    /// @dev All that is stored of a lease; fits one slot.
    struct Word {
        uint128 remaining;
        uint64 claimableUntil;
        Status status;
    }

    bytes32 private constant VOUCHER_TYPEHASH = keccak256("Voucher(bytes32 lease,uint32 index,uint128 amount)");

    IERC20 private immutable _coin;
    mapping(bytes32 leaseId => Word) private _words;
    mapping(bytes32 leaseId => mapping(uint32 index => uint128)) private _paid;

    constructor(address coin_) EIP712("Sparecloud", "1") {
        _coin = IERC20(coin_);
    }

    /// @inheritdoc ILeaseEscrow
    function open(Terms calldata terms) external returns (bytes32 leaseId) {
        return _open(terms);
    }

    /// @inheritdoc ILeaseEscrow
    function openWithPermit(
        Terms calldata terms,
        uint256 permitDeadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (bytes32 leaseId) {
        // A permit is public once sent, so anyone can land it first; what counts is the allowance, checked by the coin.
        try
            IERC20Permit(address(_coin)).permit(msg.sender, address(this), terms.deposit, permitDeadline, v, r, s)
        {} catch {}
        return _open(terms);
    }

    /// @inheritdoc ILeaseEscrow
    function claim(Terms calldata terms, Claim[] calldata claims) external {
        bytes32 leaseId = leaseIdOf(terms);
        Word memory word = _words[leaseId];
        if (word.status != Status.Open && word.status != Status.Closing) {
            revert LeaseEscrow_WrongStatus(leaseId, word.status);
        }
        if (block.timestamp > word.claimableUntil) revert LeaseEscrow_ClaimTooLate(leaseId, word.claimableUntil);

        uint128[] memory payouts = new uint128[](claims.length);
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata c = claims[i];
            uint128 before = _paid[leaseId][c.index];
            if (c.amount <= before) continue;
            _check(terms, leaseId, c);

            uint128 payout = c.amount - before;
            if (payout > word.remaining) payout = word.remaining;
            word.remaining -= payout;
            payouts[i] = payout;
            _paid[leaseId][c.index] = before + payout;
            emit SharePaid(leaseId, c.donor, c.index, payout, before + payout);
        }
        _words[leaseId] = word;

        for (uint256 i = 0; i < claims.length; ++i) {
            if (payouts[i] != 0) _coin.safeTransfer(claims[i].donor, payouts[i]);
        }
    }

    /// @inheritdoc ILeaseEscrow
    function close(Terms calldata terms) external {
        if (msg.sender != terms.renter && msg.sender != terms.session) {
            revert LeaseEscrow_NotAllowed(msg.sender, terms.renter);
        }
        bytes32 leaseId = leaseIdOf(terms);
        Word memory word = _words[leaseId];
        if (word.status != Status.Open) revert LeaseEscrow_WrongStatus(leaseId, word.status);

        uint64 until = uint64(block.timestamp) + terms.graceS;
        if (until < word.claimableUntil) word.claimableUntil = until;
        word.status = Status.Closing;
        _words[leaseId] = word;
        emit LeaseClosed(leaseId, msg.sender, word.claimableUntil);
    }

    /// @inheritdoc ILeaseEscrow
    function sweep(Terms calldata terms) external {
        bytes32 leaseId = leaseIdOf(terms);
        Word memory word = _words[leaseId];
        if (word.status != Status.Open && word.status != Status.Closing) {
            revert LeaseEscrow_WrongStatus(leaseId, word.status);
        }
        if (block.timestamp <= word.claimableUntil) revert LeaseEscrow_SweepTooEarly(leaseId, word.claimableUntil);

        uint128 refund = word.remaining;
        word.status = Status.Ended;
        _words[leaseId] = word;
        emit LeaseSwept(leaseId, terms.renter, refund);

        if (refund != 0) _coin.safeTransfer(terms.renter, refund);
    }

    /// @inheritdoc ILeaseEscrow
    function lease(
        bytes32 leaseId
    ) external view returns (Status status, uint128 remaining, uint64 claimableUntil) {
        Word memory word = _words[leaseId];
        return (word.status, word.remaining, word.claimableUntil);
    }

    /// @inheritdoc ILeaseEscrow
    function paid(bytes32 leaseId, uint32 index) external view returns (uint128) {
        return _paid[leaseId][index];
    }

    /// @inheritdoc ILeaseEscrow
    function coin() external view returns (address) {
        return address(_coin);
    }

    /// @inheritdoc ILeaseEscrow
    function leaseIdOf(Terms calldata terms) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), terms));
    }

    function _open(Terms calldata terms) private returns (bytes32 leaseId) {
        if (msg.sender != terms.renter) revert LeaseEscrow_NotAllowed(msg.sender, terms.renter);
        if (terms.session == address(0)) revert LeaseEscrow_BadTerms("session");
        if (terms.root == bytes32(0)) revert LeaseEscrow_BadTerms("root");
        if (terms.shareCount == 0) revert LeaseEscrow_BadTerms("shareCount");
        if (terms.deposit == 0) revert LeaseEscrow_BadTerms("deposit");
        if (terms.endsAt <= block.timestamp) revert LeaseEscrow_BadTerms("endsAt");
        leaseId = leaseIdOf(terms);
        Status status = _words[leaseId].status;
        if (status != Status.None) revert LeaseEscrow_WrongStatus(leaseId, status);

        _words[leaseId] = Word(terms.deposit, terms.endsAt + terms.graceS, Status.Open);
        emit LeaseOpened(leaseId, terms.renter, terms);

        _coin.safeTransferFrom(terms.renter, address(this), terms.deposit);
    }

    /// @dev Reverts unless the claim's share is behind the root, within its cap, and signed for by the session key.
    function _check(Terms calldata terms, bytes32 leaseId, Claim calldata c) private view {
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(c.index, c.donor, c.cap, c.detail))));
        if (c.index >= terms.shareCount || !MerkleProof.verifyCalldata(c.proof, terms.root, leaf)) {
            revert LeaseEscrow_UnknownShare(leaseId, c.index);
        }
        if (c.amount > c.cap) revert LeaseEscrow_OverCap(c.index, c.amount, c.cap);
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPEHASH, leaseId, c.index, c.amount)));
        (address signer, ECDSA.RecoverError problem, ) = ECDSA.tryRecover(digest, c.signature);
        if (problem != ECDSA.RecoverError.NoError || signer != terms.session) {
            revert LeaseEscrow_BadVoucher(c.index, c.amount);
        }
    }
}
