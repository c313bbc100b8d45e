// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVault} from "./IVault.sol";

/// @title ILeases
/// @notice Holds a renter's deposit for a lease and pays donors out of it against the renter's signed vouchers.
///
/// The terms of a lease are never stored: a lease is named by their hash and each call brings them again. Storage holds
/// one word a lease, in which the first share to be claimed has its place, and half a word for each further one. The
/// shares sit behind a Merkle root, each with its cap and its penalty; a voucher states the cumulative amount a share has
/// earned, signed by the lease's session key.
/// Several calls travel in one transaction by `multicall`: deposit and open, several opens, claims of several leases.
///
/// Invariants, for every lease:
/// L1. Paid to donors + remaining = deposit, to the unit, until it is swept; then remaining is what was refunded.
/// L2. A share is never paid more than its cap, nor more than the highest amount that the session key signed for it.
/// L3. What a share was paid only grows.
/// L4. Only the donor named in a share's leaf is paid for it; only the renter is refunded.
/// L5. A lease moves Open -> Closing -> Ended or Open -> Ended, never back; terms that ended cannot be opened again.
/// L6. `claimableUntil` = the end plus the grace; a close before the end makes it the close plus the grace, once.
/// L7. A quoted lease reserves exactly its shares' penalties, each once, and frees each once: released or seized.
/// L8. A donor's penalty is reserved by `openQuoted` only with its own unexpired signature for this lease and share.
/// L9. A penalty is seized only by the trials or the court, only while the lease's trial window lasts, and never beyond
///     what the share's leaf states.
/// L10. A share that its donor retired stays retired, with the time at which it was.
///
/// Whether the caps add up to no more than the deposit is for donors to check before they serve: they are shown every
/// share behind the root. Here a claim is merely cut to what remains.
interface ILeases is IVault {
    /// @notice Where a lease stands.
    enum Status {
        None,
        Open,
        Closing,
        Ended
    }

    /// @notice What a lease was opened on.
    /// @param renter who deposits, and who is refunded
    /// @param session the key that signs vouchers; it can also close and forgive, and can do nothing else
    /// @param root Merkle root of the shares (OpenZeppelin's standard tree: leaves hashed twice, pairs sorted); at most
    ///        256 of them, numbered from 0
    /// @param deposit what is escrowed, in smallest units of the coin; fits in 80 bits
    /// @param endsAt unix seconds at which the lease ends if nobody closes it earlier
    /// @param graceS seconds that donors have for claiming after the end or the close
    /// @param salt anything that makes equal terms differ
    struct Terms {
        address renter;
        address session;
        bytes32 root;
        uint128 deposit;
        uint64 endsAt;
        uint32 graceS;
        bytes32 salt;
    }

    /// @notice One share's leaf and proof, with the voucher to redeem for it.
    /// @param index the share's index
    /// @param donor who is paid
    /// @param cap the most the share can ever be paid
    /// @param detail keccak256(abi.encode(penalty, resources)): what a claim need not look into
    /// @param proof Merkle proof of (index, donor, cap, detail)
    /// @param amount cumulative amount earned, as signed
    /// @param r with `vs` the session key's signature (EIP-2098) over EIP-712
    ///        Voucher(bytes32 lease,uint32 index,uint128 amount)
    struct Claim {
        uint32 index;
        address donor;
        uint128 cap;
        bytes32 detail;
        bytes32[] proof;
        uint128 amount;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice A share with all that its leaf commits to.
    /// @param penalty what the donor stands to lose if it is convicted over this share
    /// @param resources hash of what the share is made of (resources, rate), agreed off chain
    struct Share {
        uint32 index;
        address donor;
        uint128 cap;
        uint128 penalty;
        bytes32 resources;
    }

    /// @notice A donor's signed word that it will serve a share.
    /// @param expiresAt unix seconds until which the lease may be opened on it
    /// @param seats which 256ths of its machine the donor sets aside, a bit each; the same seat sold twice at one time
    ///        is double selling
    /// @param r with `vs` the donor's signature (EIP-2098) over EIP-712
    ///        Acceptance(bytes32 lease,uint32 index,address donor,uint64 expiresAt,uint256 seats)
    struct Acceptance {
        uint64 expiresAt;
        uint256 seats;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice All that is stored of a lease.
    /// @param remaining what is left of the deposit; of a lease that ended, what was refunded
    /// @param claimableUntil unix seconds until which, inclusive, vouchers can be claimed
    /// @param openedAt unix seconds
    /// @param status where it stands
    /// @param quoted whether the penalties of its shares were reserved when it was opened
    /// @param first the index of the share that was claimed first, once `firstPaid` is not 0
    /// @param firstPaid what that share was paid
    struct Word {
        uint80 remaining;
        uint32 claimableUntil;
        uint32 openedAt;
        Status status;
        bool quoted;
        uint8 first;
        uint80 firstPaid;
    }

    /// @notice A deposit has been escrowed.
    event LeaseOpened(bytes32 indexed lease, address indexed renter, uint256 deposit, bool quoted);

    /// @notice A share has been paid `amount` more, of which `held` went into the donor's stake.
    event SharePaid(bytes32 indexed lease, address indexed donor, uint32 index, uint256 amount, uint256 held);

    /// @notice A share's penalty is no longer reserved: the lease is over, or its renter is satisfied.
    event ShareReleased(bytes32 indexed lease, address indexed donor, uint32 index);

    /// @notice A donor said that it is done with a share.
    event ShareRetired(bytes32 indexed lease, address indexed donor, uint32 index);

    /// @notice The lease was ended early; vouchers can be claimed until `claimableUntil`, inclusive.
    event LeaseClosed(bytes32 indexed lease, uint256 claimableUntil);

    /// @notice What no donor claimed in time went back to the renter.
    event LeaseSwept(bytes32 indexed lease, uint256 refund);

    /// @notice Only `allowed` may do this.
    error Leases_NotAllowed(address caller, address allowed);
    /// @notice The terms can never work: the named field is zero, too large, in the past or too far ahead.
    error Leases_BadTerms(string field);
    /// @notice This needs a lease in another status.
    error Leases_WrongStatus(bytes32 lease, Status status);
    /// @notice The time for claims is over.
    error Leases_ClaimTooLate(bytes32 lease, uint256 claimableUntil);
    /// @notice Donors may still claim.
    error Leases_SweepTooEarly(bytes32 lease, uint256 claimableUntil);
    /// @notice The shares are not those behind the lease's root.
    error Leases_WrongShares(bytes32 lease);
    /// @notice The share is not behind the lease's root.
    error Leases_UnknownShare(bytes32 lease, uint32 index);
    /// @notice The voucher states more than the share's cap.
    error Leases_OverCap(uint32 index, uint256 amount, uint256 cap);
    /// @notice The voucher is not signed by the lease's session key.
    error Leases_BadVoucher(uint32 index, uint256 amount);
    /// @notice The acceptance is not signed by the share's donor.
    error Leases_BadAcceptance(uint32 index, address donor);
    /// @notice The acceptance expired before the lease was opened.
    error Leases_AcceptanceExpired(uint32 index, address donor, uint256 expiresAt);
    /// @notice The penalty is no longer reserved, or never was: the share was released, seized, or not quoted.
    error Leases_NothingReserved(bytes32 lease, uint32 index);
    /// @notice The lease can still be brought to trial.
    error Leases_ReleaseTooEarly(bytes32 lease, uint256 triableUntil);
    /// @notice The lease can no longer be brought to trial.
    error Leases_TrialTooLate(bytes32 lease, uint256 triableUntil);
    /// @notice The share was retired before.
    error Leases_AlreadyRetired(bytes32 lease, uint32 index);

    /// @notice Escrows `terms.deposit` out of the renter's free coin.
    /// @dev Only the renter may open. Reverts if these very terms were opened before.
    /// @return leaseId the lease's name
    function open(Terms calldata terms) external returns (bytes32 leaseId);

    /// @notice Like `open`, and reserves each share's penalty out of its donor's stake.
    /// @param shares all shares behind the root, in the order of their indices
    /// @param acceptances the donors' signatures, in the same order
    function openQuoted(Terms calldata terms, Share[] calldata shares, Acceptance[] calldata acceptances)
        external
        returns (bytes32 leaseId);

    /// @notice Redeems vouchers of any number of shares, each into its donor's account. Anyone may send it.
    /// @dev A voucher that states no more than was paid already is passed over, so a batch survives a race. Anything
    /// else that is wrong reverts the whole batch.
    function claim(Terms calldata terms, Claim[] calldata claims) external;

    /// @notice The donor says, for all to see, that it is done with a share: from now on it need not answer for it.
    function retire(Terms calldata terms, Share calldata share, bytes32[] calldata proof) external;

    /// @notice Ends the lease early and starts the grace period. Only the renter or the session key.
    /// @dev Works once: a second close reverts and so cannot move the deadline.
    function close(Terms calldata terms) external;

    /// @notice Refunds what remains to the renter's account, once the time for claims is over. Anyone may send it.
    function sweep(Terms calldata terms) external;

    /// @notice Ends the reservation of a share's penalty: anyone once its trial window is over, and the renter or the
    /// session key at any time, which is how a satisfied renter lets its donors go.
    function release(Terms calldata terms, Share calldata share, bytes32[] calldata proof) external;

    /// @notice Trials and court: takes a share's penalty into the caller's account.
    /// @dev From what was reserved where the lease was quoted. Otherwise the donor's acceptance is required, not expired
    /// when the lease was opened, and what is there of its unreserved and thawing stake is taken, up to the penalty.
    /// A share is seized once: what was not there then is not taken later.
    /// @return leaseId the lease's name
    /// @return seized how much was taken
    function seize(Terms calldata terms, Share calldata share, bytes32[] calldata proof, Acceptance calldata acceptance)
        external
        returns (bytes32 leaseId, uint256 seized);

    /// @notice Trials and court: gives what was seized back out of the caller's account, and reserves it again where it
    /// had been.
    function restore(bytes32 leaseId, uint32 index, address donor, uint256 seized) external;

    /// @notice A lease's word.
    function lease(bytes32 leaseId) external view returns (Word memory);

    /// @notice What a share has been paid so far, and when its donor retired it (0: not).
    function shareOf(bytes32 leaseId, uint32 index) external view returns (uint256 paid, uint256 retiredAt);

    /// @notice Whether a share's penalty was released or seized. Of a lease that was not quoted: whether it was seized.
    function isFreed(bytes32 leaseId, uint32 index) external view returns (bool);

    /// @notice Reverts unless the share is behind the lease's root.
    /// @return leaseId the lease's name
    function checkShare(Terms calldata terms, Share calldata share, bytes32[] calldata proof)
        external
        view
        returns (bytes32 leaseId);

    /// @notice Reverts unless the share's donor signed the acceptance; whether it has expired is not looked at.
    function checkAcceptance(bytes32 leaseId, Share calldata share, Acceptance calldata acceptance) external view;

    /// @notice The EIP-712 digest of a struct in this deployment's domain.
    function digestOf(bytes32 structHash) external view returns (bytes32);

    /// @notice The name of a lease on these terms: keccak256(abi.encode(chainid, this contract, terms)).
    function leaseIdOf(Terms calldata terms) external view returns (bytes32);
}
