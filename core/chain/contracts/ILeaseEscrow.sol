// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ILeaseEscrow
/// @notice Holds a renter's deposit for a lease and pays donors out of it against the renter's signed vouchers.
///
/// The terms of a lease are never stored: a lease is named by their hash and each call brings them again. Storage holds
/// one word a lease, and one a share once it is first claimed. The shares sit behind a Merkle root, each with a cap; a
/// voucher states the cumulative amount a share has earned, signed by the lease's session key.
///
/// Invariants, for every lease:
/// 1. Paid to donors + remaining = deposit, to the unit, at every moment; what remains at the end is refunded, once.
/// 2. A share is never paid more than its cap, nor more than the highest amount that the session key signed for it.
/// 3. Only the donor named in a share's leaf is paid for it; only the renter is refunded.
/// 4. A lease moves Open -> Closing -> Ended or Open -> Ended, never back; terms that ended cannot be opened again.
/// 5. `claimableUntil` only ever gets earlier, and never earlier than the close plus the grace period.
/// 6. No lease can touch what another deposited: the escrow's balance is at least what remains of all that have not ended.
///
/// Whether the caps add up to no more than the deposit is for donors to check before they serve: they are shown every
/// share behind the root. Here a claim is merely cut to what remains.
interface ILeaseEscrow {
    /// @notice Where a lease stands.
    enum Status {
        None,
        Open,
        Closing,
        Ended
    }

    /// @notice What a lease was opened on.
    /// @param renter who deposits, and who is refunded
    /// @param session the key that signs vouchers; it can also close, and can do nothing else
    /// @param root Merkle root of the shares (OpenZeppelin's standard tree: leaves hashed twice, pairs sorted)
    /// @param shareCount how many shares are behind the root; their indices are 0 to shareCount - 1
    /// @param deposit what is escrowed, in smallest units of the coin
    /// @param endsAt unix seconds at which the lease ends if nobody closes it earlier
    /// @param graceS seconds that donors have for claiming after the end or the close
    /// @param salt anything that makes equal terms differ
    struct Terms {
        address renter;
        address session;
        bytes32 root;
        uint32 shareCount;
        uint128 deposit;
        uint64 endsAt;
        uint32 graceS;
        bytes32 salt;
    }

    /// @notice One share's leaf and proof, with the voucher to redeem for it.
    /// @param index the share's index
    /// @param donor who is paid
    /// @param cap the most the share can ever be paid
    /// @param detail hash of what the share is made of (resources, rate, penalty), agreed off chain
    /// @param proof Merkle proof of (index, donor, cap, detail)
    /// @param amount cumulative amount earned, as signed
    /// @param signature the session key's signature over EIP-712 Voucher(bytes32 lease,uint32 index,uint128 amount)
    struct Claim {
        uint32 index;
        address donor;
        uint128 cap;
        bytes32 detail;
        bytes32[] proof;
        uint128 amount;
        bytes signature;
    }

    /// @notice A deposit has been escrowed.
    event LeaseOpened(bytes32 indexed lease, address indexed renter, Terms terms);

    /// @notice A share has been paid `amount` more, `total` so far.
    event SharePaid(bytes32 indexed lease, address indexed donor, uint32 index, uint128 amount, uint128 total);

    /// @notice The lease was ended early; vouchers can be claimed until `claimableUntil`, inclusive.
    event LeaseClosed(bytes32 indexed lease, address by, uint64 claimableUntil);

    /// @notice What no donor claimed in time went back to the renter.
    event LeaseSwept(bytes32 indexed lease, address indexed renter, uint128 refund);

    /// @notice Only `allowed` may do this.
    error LeaseEscrow_NotAllowed(address caller, address allowed);
    /// @notice The terms can never work: the named field is zero or in the past.
    error LeaseEscrow_BadTerms(string field);
    /// @notice This needs a lease in another status.
    error LeaseEscrow_WrongStatus(bytes32 lease, Status status);
    /// @notice The time for claims is over.
    error LeaseEscrow_ClaimTooLate(bytes32 lease, uint64 claimableUntil);
    /// @notice Donors may still claim.
    error LeaseEscrow_SweepTooEarly(bytes32 lease, uint64 claimableUntil);
    /// @notice The share is not behind the lease's root.
    error LeaseEscrow_UnknownShare(bytes32 lease, uint32 index);
    /// @notice The voucher states more than the share's cap.
    error LeaseEscrow_OverCap(uint32 index, uint128 amount, uint128 cap);
    /// @notice The voucher is not signed by the lease's session key.
    error LeaseEscrow_BadVoucher(uint32 index, uint128 amount);

    /// @notice Escrows `terms.deposit`, which the renter must have approved.
    /// @dev Only the renter may open. Reverts if these very terms were opened before.
    /// @return leaseId the lease's name
    function open(Terms calldata terms) external returns (bytes32 leaseId);

    /// @notice Like `open`, with an EIP-2612 permit for exactly the deposit in place of an earlier approval.
    /// @dev A permit that somebody else has already submitted does no harm: the allowance it left is used.
    function openWithPermit(
        Terms calldata terms,
        uint256 permitDeadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (bytes32 leaseId);

    /// @notice Redeems vouchers of any number of shares, each straight to its donor. Anyone may send it.
    /// @dev A voucher that states no more than was paid already is passed over, so a batch survives a race. Anything
    /// else that is wrong reverts the whole batch.
    function claim(Terms calldata terms, Claim[] calldata claims) external;

    /// @notice Ends the lease early and starts the grace period. Only the renter or the session key.
    /// @dev Works once: a second close reverts and so cannot move the deadline.
    function close(Terms calldata terms) external;

    /// @notice Refunds what remains to the renter, once the time for claims is over. Anyone may send it.
    function sweep(Terms calldata terms) external;

    /// @notice A lease's word: where it stands, what remains, and until when (inclusive) vouchers can be claimed.
    /// @dev Of a lease that ended, `remaining` is what was refunded: nobody needs to search old logs for it.
    function lease(
        bytes32 leaseId
    ) external view returns (Status status, uint128 remaining, uint64 claimableUntil);

    /// @notice What a share has been paid so far.
    function paid(bytes32 leaseId, uint32 index) external view returns (uint128);

    /// @notice The name of a lease on these terms: keccak256(abi.encode(chainid, this escrow, terms)).
    function leaseIdOf(Terms calldata terms) external view returns (bytes32);

    /// @notice The coin that this escrow holds.
    function coin() external view returns (address);
}
