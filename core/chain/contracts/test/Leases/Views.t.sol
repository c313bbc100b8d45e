// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILeases} from "../../ILeases.sol";
import {IVault} from "../../IVault.sol";
import {LeasesScene} from "./LeasesScene.sol";

contract LeasesViewsTest is LeasesScene {
    function test_lease_IsEmptyForANameThatIsNone() external view {
        ILeases.Word memory empty;

        assertWord("none", empty);
    }

    function test_shareOf_IsZeroBeforeAnythingHappens() external {
        bytes32 leaseId = opened();

        assertPaid(leaseId, 0, 0);
        assertEq(retiredAt(leaseId, 0), 0, "retired at");
    }

    function test_shareOf_KeepsThePlacesOfAll256SharesApart() external {
        ILeases.Share[] memory many = manyShares(256);
        ILeases.Terms memory chosen = termsOver(many);
        vm.prank(rosa);
        bytes32 leaseId = leases.open(chosen);
        uint32[4] memory some = [uint32(255), 254, 1, 0];
        ILeases.Claim[] memory claims = new ILeases.Claim[](4);
        for (uint32 i = 0; i < 4; ++i) {
            claims[i] = claimOf(leases, sessionKey, leaseId, many, some[i], 10 + i);
        }

        leases.claim(chosen, claims);

        for (uint32 i = 0; i < 4; ++i) {
            assertPaid(leaseId, some[i], 10 + i);
        }
        assertPaid(leaseId, 2, 0);
        assertPaid(leaseId, 253, 0);
    }

    function test_isFreed_TellsTheLastOf256SharesFromTheFirst() external {
        ILeases.Share[] memory many = manyShares(256);
        ILeases.Terms memory chosen = termsOver(many);
        vm.prank(rosa);
        bytes32 leaseId = leases.open(chosen);
        ILeases.Acceptance memory acceptance = acceptanceOf(leases, adaKey, leaseId, many[255], endsAt);
        bytes32[] memory proof = proofOf(many, 255);

        vm.prank(TRIALS);
        leases.seize(chosen, many[255], proof, acceptance);

        assertTrue(leases.isFreed(leaseId, 255), "the last");
        assertFalse(leases.isFreed(leaseId, 0), "the first");
        assertFalse(leases.isFreed(leaseId, 254), "the last but one");
        assertFalse(leases.isFreed(leaseId, 256), "one that cannot be");
    }

    function test_checkShare_NamesTheLease() external view {
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 leaseId = leases.checkShare(terms(), shares()[i], proofOf(shares(), i));

            assertEq(leaseId, leases.leaseIdOf(terms()), "lease");
        }
    }

    function testFuzz_checkShare_RefusesAnyOtherShare(uint8 field, uint120 change) external {
        vm.assume(change != 0);
        ILeases.Share memory share = shares()[0];
        if (field % 5 == 0) share.index = uint32(change % 255) + 1;
        if (field % 5 == 1) share.donor = address(uint160(ada) ^ change);
        if (field % 5 == 2) share.cap ^= change;
        if (field % 5 == 3) share.penalty ^= change;
        if (field % 5 == 4) share.resources ^= bytes32(uint256(change));
        bytes32[] memory proof = proofOf(shares(), 0);

        vm.expectRevert(unknown(leases.leaseIdOf(terms()), share.index));
        leases.checkShare(terms(), share, proof);
    }

    function test_checkShare_RefusesAShareBeyondThe256th() external {
        ILeases.Share[] memory one = manyShares(1);
        one[0].index = 256;
        ILeases.Terms memory chosen = termsOver(one);

        vm.expectRevert(unknown(leases.leaseIdOf(chosen), 256));
        leases.checkShare(chosen, one[0], new bytes32[](0));
    }

    function test_checkAcceptance_AcceptsTheDonorsSignatureHoweverOld() external {
        bytes32 leaseId = leases.leaseIdOf(terms());
        ILeases.Share memory share = shares()[0];
        ILeases.Acceptance memory acceptance = acceptanceOf(leases, adaKey, leaseId, share, endsAt);

        vm.warp(endsAt + 1000 days);

        leases.checkAcceptance(leaseId, share, acceptance);
    }

    function test_checkAcceptance_RefusesAnotherLeaseShareExpiryOrSeats() external {
        bytes32 leaseId = leases.leaseIdOf(terms());
        ILeases.Share memory share = shares()[0];
        ILeases.Acceptance memory acceptance = acceptanceOf(leases, adaKey, leaseId, share, endsAt);

        refusesAcceptance("another", share, acceptance);
        share.index = 1;
        refusesAcceptance(leaseId, share, acceptance);
        share.index = 0;
        acceptance.expiresAt += 1;
        refusesAcceptance(leaseId, share, acceptance);
        acceptance.expiresAt -= 1;
        acceptance.seats ^= 1;
        refusesAcceptance(leaseId, share, acceptance);
    }

    function test_checkAcceptance_RefusesASignatureThatIsNoneForADonorThatIsNobody() external {
        ILeases.Share memory share = shares()[0];
        share.donor = NOBODY;
        ILeases.Acceptance memory none;

        refusesAcceptance("any", share, none);
    }

    function testFuzz_digestOf_FollowsEIP712(bytes32 structHash) external view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Sparecloud"),
                keccak256("1"),
                block.chainid,
                address(leases)
            )
        );

        assertEq(leases.digestOf(structHash), keccak256(abi.encodePacked("\x19\x01", domain, structHash)), "digest");
    }

    function test_leaseIdOf_IsTheHashOfChainContractAndTerms() external view {
        bytes32 wanted = keccak256(
            abi.encode(
                block.chainid, address(leases), rosa, session, rootOf(shares()), DEPOSIT, endsAt, GRACE_S, bytes32(0)
            )
        );

        assertEq(leases.leaseIdOf(terms()), wanted, "name");
    }

    function test_leaseIdOf_DiffersOnAnotherChain() external {
        bytes32 here = leases.leaseIdOf(terms());

        vm.chainId(61);

        assertFalse(leases.leaseIdOf(terms()) == here, "name");
    }

    function test_multicall_DepositsAndOpensInOneTransaction() external {
        ILeases.Terms memory chosen = terms();
        chosen.renter = ada;
        coin.transfer(ada, DEPOSIT);
        vm.prank(ada);
        coin.approve(address(leases), DEPOSIT);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IVault.deposit, (DEPOSIT));
        calls[1] = abi.encodeCall(ILeases.open, (chosen));

        vm.prank(ada);
        bytes[] memory results = leases.multicall(calls);

        bytes32 leaseId = leases.leaseIdOf(chosen);
        assertEq(abi.decode(results[1], (bytes32)), leaseId, "result");
        assertEq(leases.lease(leaseId).remaining, DEPOSIT, "remaining");
        assertAccount(ada, 0, STAKE, 0, 0);
    }

    function test_multicall_ClaimsAndWithdrawsInOneTransaction() external {
        opened();
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ILeases.claim, (terms(), claimed(0, 100)));
        calls[1] = abi.encodeCall(IVault.withdraw, (bob, 25));

        vm.prank(ada);
        leases.multicall(calls);

        assertEq(coin.balanceOf(bob), 25, "withdrawn");
        assertAccount(ada, 0, STAKE + 75, 0, 0);
    }

    function test_multicall_RevertsAsAWholeAndSaysWhy() external {
        ILeases.Terms memory chosen = terms();
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ILeases.open, (chosen));
        calls[1] = calls[0];
        bytes32 leaseId = leases.leaseIdOf(chosen);

        vm.expectRevert(wrongStatus(leaseId, ILeases.Status.Open));
        vm.prank(rosa);
        leases.multicall(calls);

        assertEq(uint256(leases.lease(leaseId).status), uint256(ILeases.Status.None), "status");
    }

    function test_multicall_MakesNobodyAJudge() external {
        hasFree(ada, 10);
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(IVault.charge, (ada, 10));

        vm.expectRevert(abi.encodeWithSelector(IVault.Vault_NotAllowed.selector, rosa));
        vm.prank(rosa);
        leases.multicall(calls);
    }

    function test_eip712Domain_TellsWhatSignaturesAreFor() external view {
        (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        ) = leases.eip712Domain();

        assertEq(bytes32(fields), bytes32(bytes1(0x0f)), "fields");
        assertEq(name, "Sparecloud", "name");
        assertEq(version, "1", "version");
        assertEq(chainId, block.chainid, "chain");
        assertEq(verifyingContract, address(leases), "contract");
        assertEq(salt, bytes32(0), "salt");
        assertEq(extensions.length, 0, "extensions");
    }
}
