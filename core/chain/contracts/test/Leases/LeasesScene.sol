// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "../../ILeases.sol";
import {LeasesFixture} from "./LeasesFixture.sol";

/// @title LeasesScene
/// @notice Rosa rents from Ada, Bob and Cleo for a day, with an hour of grace; the deposit covers all three caps.
abstract contract LeasesScene is LeasesFixture {
    uint128 internal constant CAP = 1000;
    uint128 internal constant PENALTY = 70;
    uint128 internal constant DEPOSIT = 3 * CAP;
    uint128 internal constant STAKE = 100;
    uint32 internal constant GRACE_S = 1 hours;
    address internal constant NOBODY = address(0);

    uint64 internal immutable endsAt = uint64(block.timestamp) + 1 days;

    address internal rosa;
    address internal session;
    uint256 internal sessionKey;
    address internal ada;
    uint256 internal adaKey;
    address internal bob;
    address internal cleo;

    function setUp() external {
        rosa = addressOf("Rosa");
        (session, sessionKey) = account("Rosa's session");
        (ada, adaKey) = account("Ada");
        bob = addressOf("Bob");
        cleo = addressOf("Cleo");
        hasFree(rosa, 10 * DEPOSIT);
        hasBonded(ada, STAKE);
        hasBonded(bob, STAKE);
        hasBonded(cleo, STAKE);
    }

    function shares() internal view returns (ILeases.Share[] memory all) {
        all = new ILeases.Share[](3);
        address[3] memory donors = [ada, bob, cleo];
        for (uint32 i = 0; i < 3; ++i) {
            all[i] = ILeases.Share(i, donors[i], CAP, PENALTY, "resources");
        }
    }

    /// @dev All of Ada's; the first hundred have a penalty of one unit.
    function manyShares(uint256 count) internal view returns (ILeases.Share[] memory all) {
        all = new ILeases.Share[](count);
        for (uint32 i = 0; i < count; ++i) {
            all[i] = ILeases.Share(i, ada, CAP, i < STAKE ? 1 : 0, "resources");
        }
    }

    function terms() internal view returns (ILeases.Terms memory) {
        return termsOver(shares());
    }

    function termsOver(ILeases.Share[] memory all) internal view returns (ILeases.Terms memory) {
        return ILeases.Terms(rosa, session, rootOf(all), DEPOSIT, endsAt, GRACE_S, 0);
    }

    function acceptedBy(ILeases.Terms memory chosen, uint64 expiresAt)
        internal
        view
        returns (ILeases.Acceptance[] memory)
    {
        return acceptedOver(shares(), chosen, expiresAt);
    }

    function acceptedOver(ILeases.Share[] memory all, ILeases.Terms memory chosen, uint64 expiresAt)
        internal
        view
        returns (ILeases.Acceptance[] memory acceptances)
    {
        bytes32 leaseId = leases.leaseIdOf(chosen);
        string[3] memory names = ["Ada", "Bob", "Cleo"];
        acceptances = new ILeases.Acceptance[](3);
        for (uint256 i = 0; i < 3; ++i) {
            uint256 key = uint256(keccak256(bytes(names[i])));
            acceptances[i] = acceptanceOf(leases, key, leaseId, all[i], expiresAt);
        }
    }

    function opened() internal returns (bytes32) {
        ILeases.Terms memory chosen = terms();
        vm.prank(rosa);
        return leases.open(chosen);
    }

    function quoted() internal returns (bytes32) {
        return quotedUntil(endsAt);
    }

    function quotedUntil(uint64 expiresAt) internal returns (bytes32) {
        ILeases.Terms memory chosen = terms();
        ILeases.Acceptance[] memory acceptances = acceptedBy(chosen, expiresAt);
        vm.prank(rosa);
        return leases.openQuoted(chosen, shares(), acceptances);
    }

    function claimed(uint256 which, uint128 amount) internal view returns (ILeases.Claim[] memory claims) {
        claims = new ILeases.Claim[](1);
        claims[0] = claimOf(leases, sessionKey, leases.leaseIdOf(terms()), shares(), which, amount);
    }

    function retire(uint256 which, address by) internal {
        vm.prank(by);
        leases.retire(terms(), shares()[which], proofOf(shares(), which));
    }

    function release(uint256 which, address by) internal {
        vm.prank(by);
        leases.release(terms(), shares()[which], proofOf(shares(), which));
    }

    /// @dev With an acceptance that the donor once signed and that has long expired; Ada's key signs for Ada alone.
    function seize(uint256 which, address by) internal returns (bytes32, uint256) {
        ILeases.Share memory share = shares()[which];
        ILeases.Acceptance memory acceptance = acceptanceOf(leases, adaKey, leases.leaseIdOf(terms()), share, endsAt);
        vm.prank(by);
        return leases.seize(terms(), share, proofOf(shares(), which), acceptance);
    }

    function refusesToOpen(ILeases.Terms memory chosen, string memory field) internal {
        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_BadTerms.selector, field));
        vm.prank(rosa);
        leases.open(chosen);
    }

    function refusesToQuote(
        ILeases.Terms memory chosen,
        ILeases.Share[] memory all,
        ILeases.Acceptance[] memory acceptances
    ) internal {
        // Signed for the shares as they are sent, so that nothing else is wrong.
        bytes32 leaseId = leases.leaseIdOf(chosen);
        vm.expectRevert(abi.encodeWithSelector(ILeases.Leases_WrongShares.selector, leaseId));
        vm.prank(rosa);
        leases.openQuoted(chosen, all, acceptances);
    }

    function refusesToRelease(bytes32 leaseId) internal {
        ILeases.Share memory share = shares()[0];
        bytes32[] memory proof = proofOf(shares(), 0);
        vm.expectRevert(nothingReserved(leaseId));
        vm.prank(rosa);
        leases.release(terms(), share, proof);
    }

    function refusesToSeize(address by, bytes memory problem) internal {
        ILeases.Share memory share = shares()[0];
        bytes32[] memory proof = proofOf(shares(), 0);
        ILeases.Acceptance memory acceptance = acceptanceOf(leases, adaKey, leases.leaseIdOf(terms()), share, endsAt);
        vm.expectRevert(problem);
        vm.prank(by);
        leases.seize(terms(), share, proof, acceptance);
    }

    function refusesAcceptance(bytes32 leaseId, ILeases.Share memory share, ILeases.Acceptance memory acceptance)
        internal
    {
        vm.expectRevert(badAcceptance(share.index, share.donor));
        leases.checkAcceptance(leaseId, share, acceptance);
    }

    function retiredAt(bytes32 leaseId, uint32 index) internal view returns (uint256 when) {
        (, when) = leases.shareOf(leaseId, index);
    }

    function assertPaid(bytes32 leaseId, uint32 index, uint256 wanted) internal view {
        (uint256 paid,) = leases.shareOf(leaseId, index);
        assertEq(paid, wanted, "paid");
    }

    function assertWord(bytes32 leaseId, ILeases.Word memory wanted) internal view {
        assertEq(abi.encode(leases.lease(leaseId)), abi.encode(wanted), "word");
    }

    function notAllowed(address caller, address allowed) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILeases.Leases_NotAllowed.selector, caller, allowed);
    }

    function wrongStatus(bytes32 leaseId, ILeases.Status status) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILeases.Leases_WrongStatus.selector, leaseId, status);
    }

    function unknown(bytes32 leaseId, uint32 index) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILeases.Leases_UnknownShare.selector, leaseId, index);
    }

    function badAcceptance(uint32 index, address donor) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILeases.Leases_BadAcceptance.selector, index, donor);
    }

    function nothingReserved(bytes32 leaseId) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILeases.Leases_NothingReserved.selector, leaseId, 0);
    }
}
