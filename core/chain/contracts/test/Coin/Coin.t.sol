// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Coin} from "../../Coin.sol";
import {Test} from "../support/Test.sol";

contract CoinTest is Test {
    uint256 private constant SUPPLY = 1_000_000 ether;
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    Coin private coin;
    address private ada;
    uint256 private adasKey;
    address private immutable bob = addressOf("Bob");

    function setUp() external {
        coin = new Coin("Spare", "SPARE", SUPPLY);
        (ada, adasKey) = account("Ada");
        coin.transfer(ada, 100 ether);
    }

    function testFuzz_constructor_MintsTheWholeSupplyToTheDeployer(uint256 supply) external {
        Coin other = new Coin("Other", "OTHER", supply);

        assertEq(other.balanceOf(address(this)), supply, "deployer");
        assertEq(other.totalSupply(), supply, "supply");
    }

    function test_name_IsWhatTheDeployerChose() external view {
        assertEq(coin.name(), "Spare", "name");
    }

    function test_symbol_IsWhatTheDeployerChose() external view {
        assertEq(coin.symbol(), "SPARE", "symbol");
    }

    function test_decimals_IsEighteen() external view {
        assertEq(coin.decimals(), 18, "decimals");
    }

    function test_totalSupply_IsWhatWasMinted() external view {
        assertEq(coin.totalSupply(), SUPPLY, "supply");
    }

    function test_balanceOf_IsZeroForWhoWasSentNothing() external view {
        assertEq(coin.balanceOf(bob), 0, "Bob's");
    }

    function testFuzz_transfer_RefusesMoreThanTheSenderHas(uint256 amount) external {
        amount = bound(amount, 100 ether + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, ada, 100 ether, amount));
        vm.prank(ada);
        coin.transfer(bob, amount);
    }

    function test_transfer_RefusesTheZeroAddress() external {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        vm.prank(ada);
        coin.transfer(address(0), 1);
    }

    function testFuzz_transfer_MovesExactlyTheAmount(uint256 amount) external {
        amount = bound(amount, 0, 100 ether);

        vm.expectEmit(address(coin));
        emit IERC20.Transfer(ada, bob, amount);
        vm.prank(ada);
        bool done = coin.transfer(bob, amount);

        assertTrue(done, "returned");
        assertEq(coin.balanceOf(ada), 100 ether - amount, "Ada's");
        assertEq(coin.balanceOf(bob), amount, "Bob's");
    }

    function test_transfer_ChangesNothingWhenSentToOneself() external {
        vm.prank(ada);
        coin.transfer(ada, 60 ether);

        assertEq(coin.balanceOf(ada), 100 ether, "Ada's");
    }

    function test_approve_SetsTheAllowanceAnew() external {
        vm.prank(ada);
        coin.approve(bob, 5);

        vm.expectEmit(address(coin));
        emit IERC20.Approval(ada, bob, 3);
        vm.prank(ada);
        coin.approve(bob, 3);

        assertEq(coin.allowance(ada, bob), 3, "allowance");
    }

    function test_allowance_IsZeroUnlessApproved() external view {
        assertEq(coin.allowance(ada, bob), 0, "allowance");
    }

    function test_transferFrom_RefusesMoreThanIsAllowed() external {
        vm.prank(ada);
        coin.approve(bob, 4);

        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, bob, 4, 5));
        vm.prank(bob);
        coin.transferFrom(ada, bob, 5);
    }

    function test_transferFrom_RefusesMoreThanTheOwnerHas() external {
        vm.prank(ada);
        coin.approve(bob, 200 ether);

        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, ada, 100 ether, 150 ether)
        );
        vm.prank(bob);
        coin.transferFrom(ada, bob, 150 ether);
    }

    function test_transferFrom_LeavesAnEndlessAllowanceAsItIs() external {
        vm.prank(ada);
        coin.approve(bob, type(uint256).max);

        vm.prank(bob);
        coin.transferFrom(ada, bob, 5);

        assertEq(coin.allowance(ada, bob), type(uint256).max, "allowance");
    }

    function testFuzz_transferFrom_MovesTheAmountAndUsesTheAllowanceUp(uint256 allowed, uint256 amount) external {
        allowed = bound(allowed, 0, type(uint256).max - 1);
        amount = bound(amount, 0, allowed < 100 ether ? allowed : 100 ether);
        vm.prank(ada);
        coin.approve(address(this), allowed);

        coin.transferFrom(ada, bob, amount);

        assertEq(coin.balanceOf(ada), 100 ether - amount, "Ada's");
        assertEq(coin.balanceOf(bob), amount, "Bob's");
        assertEq(coin.allowance(ada, address(this)), allowed - amount, "allowance");
    }

    function test_permit_RefusesWhatIsLate() external {
        uint256 deadline = block.timestamp - 1;
        (uint8 v, bytes32 r, bytes32 s) = signed(7, deadline);

        vm.expectRevert(abi.encodeWithSelector(ERC20Permit.ERC2612ExpiredSignature.selector, deadline));
        coin.permit(ada, bob, 7, deadline, v, r, s);
    }

    function test_permit_RefusesAnothersSignature() external {
        (uint8 v, bytes32 r, bytes32 s) = signed(7, block.timestamp);

        // One more than was signed, so that the signature is by somebody, but not by Ada.
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        coin.permit(ada, bob, 8, block.timestamp, v, r, s);
    }

    function test_permit_WorksOnce() external {
        (uint8 v, bytes32 r, bytes32 s) = signed(7, block.timestamp);
        coin.permit(ada, bob, 7, block.timestamp, v, r, s);

        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        coin.permit(ada, bob, 7, block.timestamp, v, r, s);
    }

    function test_permit_RefusesASignatureForAnotherChain() external {
        (uint8 v, bytes32 r, bytes32 s) = signed(7, block.timestamp);
        vm.chainId(block.chainid + 1);

        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        coin.permit(ada, bob, 7, block.timestamp, v, r, s);
    }

    function testFuzz_permit_SetsTheAllowanceForTheSignedAmount(uint256 amount, uint256 remainsS) external {
        uint256 deadline = bound(remainsS, block.timestamp, type(uint256).max);
        (uint8 v, bytes32 r, bytes32 s) = signed(amount, deadline);

        coin.permit(ada, bob, amount, deadline, v, r, s);

        assertEq(coin.allowance(ada, bob), amount, "allowance");
    }

    function test_nonces_CountsThePermitsOfAnOwner() external {
        (uint8 v, bytes32 r, bytes32 s) = signed(7, block.timestamp);

        coin.permit(ada, bob, 7, block.timestamp, v, r, s);

        assertEq(coin.nonces(ada), 1, "Ada's");
        assertEq(coin.nonces(bob), 0, "Bob's");
    }

    function test_DOMAIN_SEPARATOR_BindsNameAndChainAndCoin() external view {
        bytes32 expected =
            keccak256(abi.encode(DOMAIN, keccak256("Spare"), keccak256("1"), block.chainid, address(coin)));

        assertEq(coin.DOMAIN_SEPARATOR(), expected, "domain");
    }

    function test_eip712Domain_SaysWhatAPermitIsSignedFor() external view {
        (, string memory name, string memory version, uint256 chainId, address verifier,,) = coin.eip712Domain();

        assertEq(name, "Spare", "name");
        assertEq(version, "1", "version");
        assertEq(chainId, block.chainid, "chain");
        assertEq(verifier, address(coin), "coin");
    }

    function signed(uint256 amount, uint256 deadline) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 permit = keccak256(abi.encode(PERMIT, ada, bob, amount, coin.nonces(ada), deadline));
        return vm.sign(adasKey, keccak256(abi.encodePacked("\x19\x01", coin.DOMAIN_SEPARATOR(), permit)));
    }
}
