// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Coin} from "../../Coin.sol";
import {ILeases} from "../../ILeases.sol";
import {IVault} from "../../IVault.sol";
import {Leases} from "../../Leases.sol";
import {Test} from "../support/Test.sol";

/// @title Signing
/// @notice Trees over shares, and the signatures that renters and donors give off chain.
abstract contract Signing is Test {
    bytes32 internal constant VOUCHER = keccak256("Voucher(bytes32 lease,uint32 index,uint128 amount)");
    bytes32 internal constant ACCEPTANCE =
        keccak256("Acceptance(bytes32 lease,uint32 index,address donor,uint64 expiresAt,uint256 seats)");

    function detailOf(ILeases.Share memory share) internal pure returns (bytes32) {
        return keccak256(abi.encode(share.penalty, share.resources));
    }

    /// @dev The tree as OpenZeppelin's JavaScript lays it out: the root first, the leaves last and backwards.
    function treeOf(ILeases.Share[] memory shares) internal pure returns (bytes32[] memory nodes) {
        uint256 size = 2 * shares.length - 1;
        nodes = new bytes32[](size);
        for (uint256 i = 0; i < shares.length; ++i) {
            ILeases.Share memory share = shares[i];
            bytes32 leaf = keccak256(abi.encode(share.index, share.donor, share.cap, detailOf(share)));
            nodes[size - 1 - i] = keccak256(bytes.concat(leaf));
        }
        for (uint256 node = shares.length - 1; node > 0; --node) {
            (bytes32 left, bytes32 right) = (nodes[2 * node - 1], nodes[2 * node]);
            nodes[node - 1] = left < right ? keccak256(bytes.concat(left, right)) : keccak256(bytes.concat(right, left));
        }
    }

    function rootOf(ILeases.Share[] memory shares) internal pure returns (bytes32) {
        return treeOf(shares)[0];
    }

    function proofOf(ILeases.Share[] memory shares, uint256 which) internal pure returns (bytes32[] memory proof) {
        bytes32[] memory nodes = treeOf(shares);
        uint256 leaf = nodes.length - 1 - which;
        uint256 depth;
        for (uint256 node = leaf; node > 0; node = (node - 1) / 2) {
            ++depth;
        }
        proof = new bytes32[](depth);
        uint256 filled;
        for (uint256 node = leaf; node > 0; node = (node - 1) / 2) {
            proof[filled++] = nodes[node % 2 == 0 ? node - 1 : node + 1];
        }
    }

    /// @dev A signature as EIP-2098 packs it.
    function signed(uint256 key, bytes32 digest) internal pure returns (bytes32 r, bytes32 vs) {
        uint8 v;
        bytes32 s;
        (v, r, s) = vm.sign(key, digest);
        vs = v == 28 ? s | bytes32(uint256(1) << 255) : s;
    }

    function acceptanceOf(Leases leases, uint256 key, bytes32 leaseId, ILeases.Share memory share, uint64 expiresAt)
        internal
        view
        returns (ILeases.Acceptance memory acceptance)
    {
        acceptance.expiresAt = expiresAt;
        acceptance.seats = uint256(3) << share.index;
        bytes32 hash = keccak256(abi.encode(ACCEPTANCE, leaseId, share.index, share.donor, expiresAt, acceptance.seats));
        (acceptance.r, acceptance.vs) = signed(key, leases.digestOf(hash));
    }

    function claimOf(
        Leases leases,
        uint256 key,
        bytes32 leaseId,
        ILeases.Share[] memory shares,
        uint256 which,
        uint128 amount
    ) internal view returns (ILeases.Claim memory) {
        ILeases.Share memory share = shares[which];
        bytes32 digest = leases.digestOf(keccak256(abi.encode(VOUCHER, leaseId, share.index, amount)));
        (bytes32 r, bytes32 vs) = signed(key, digest);
        return
            ILeases.Claim(share.index, share.donor, share.cap, detailOf(share), proofOf(shares, which), amount, r, vs);
    }
}

/// @title LeasesFixture
/// @notice A coin, and the leases in it. Two plain addresses stand for the trials and the court.
abstract contract LeasesFixture is Signing {
    uint32 internal constant LONGEST_LEASE_S = 10 days;
    uint32 internal constant LONGEST_GRACE_S = 2 days;
    uint32 internal constant TRIAL_WINDOW_S = 3 days;
    // As short as may be, so that a second less is noticed.
    uint32 internal constant THAW_S = LONGEST_LEASE_S + LONGEST_GRACE_S + TRIAL_WINDOW_S + 1;
    uint32 internal constant HOLD_PERIOD_S = 12 days;
    // Plain numbers, since to halmos an address that was made from a key could be anyone's.
    address internal constant TRIALS = address(0x741A15);
    address internal constant COURT = address(0xC0047);

    Coin internal coin = new Coin("Spare", "SPARE", type(uint96).max);
    Leases internal leases = new Leases(address(coin), TRIALS, COURT, periods());

    function periods() internal pure returns (IVault.Periods memory) {
        return IVault.Periods(LONGEST_LEASE_S, LONGEST_GRACE_S, TRIAL_WINDOW_S, THAW_S, HOLD_PERIOD_S);
    }

    function hasFree(address owner, uint256 amount) internal {
        coin.transfer(owner, amount);
        vm.prank(owner);
        coin.approve(address(leases), amount);
        vm.prank(owner);
        leases.deposit(amount);
    }

    function hasBonded(address owner, uint256 amount) internal {
        hasFree(owner, amount);
        vm.prank(owner);
        leases.bond(amount);
    }

    /// @dev Pays `donor` through a lease that is opened for nothing else.
    function earns(address donor, uint128 amount) internal {
        (address renter, uint256 key) = account("a renter of the moment");
        hasFree(renter, amount);
        ILeases.Share[] memory shares = new ILeases.Share[](1);
        shares[0] = ILeases.Share(0, donor, amount, 0, 0);
        ILeases.Terms memory terms = ILeases.Terms({
            renter: renter,
            session: renter,
            root: rootOf(shares),
            deposit: amount,
            endsAt: uint64(block.timestamp) + 1,
            graceS: 0,
            salt: keccak256(abi.encode(block.timestamp, leases.accountOf(donor)))
        });
        ILeases.Claim[] memory claims = new ILeases.Claim[](1);
        claims[0] = claimOf(leases, key, leases.leaseIdOf(terms), shares, 0, amount);
        vm.prank(renter);
        leases.open(terms);
        leases.claim(terms, claims);
    }

    function assertAccount(address owner, uint256 free, uint256 bonded, uint256 reserved, uint256 thawing)
        internal
        view
    {
        IVault.Account memory now_ = leases.accountOf(owner);
        assertEq(now_.free, free, "free");
        assertEq(now_.bonded, bonded, "bonded");
        assertEq(now_.reserved, reserved, "reserved");
        assertEq(now_.thawing, thawing, "thawing");
    }
}
