// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IVault} from "./IVault.sol";

/// @title Vault
/// @dev Documented in IVault. Deployed as the lower half of Leases, so that opening and claiming touch one word of an
/// account and call no other contract. Every amount comes out of the coin's supply, which the constructor requires to
/// fit in 96 bits: once `_take` or a transfer has accepted an amount, no narrowing and no addition can overflow.
abstract contract Vault is IVault {
    using SafeERC20 for IERC20;

    /// @dev The half of an account that leases and claims write.
    struct Purse {
        uint96 free;
        uint96 thawing;
        uint32 thawsAt;
        uint32 since;
    }

    /// @dev The half of an account that pledges write.
    struct Stake {
        uint128 bonded;
        uint128 reserved;
    }

    uint32 internal immutable _longestLeaseS;
    uint32 internal immutable _longestGraceS;
    uint32 internal immutable _trialWindowS;
    uint32 private immutable _thawS;
    uint32 private immutable _holdPeriodS;
    IERC20 private immutable _coin;
    address private immutable _trials;
    address private immutable _court;

    mapping(address owner => Purse) private _purses;
    mapping(address owner => Stake) private _stakes;

    modifier onlyJudges() {
        if (msg.sender != _trials && msg.sender != _court) revert Vault_NotAllowed(msg.sender);
        _;
    }

    constructor(address coin_, address trials_, address court_, Periods memory periods_) {
        if (trials_ == address(0)) revert Vault_BadParameter("trials");
        if (court_ == address(0)) revert Vault_BadParameter("court");
        if (IERC20(coin_).totalSupply() > type(uint96).max) revert Vault_BadParameter("coin");
        if (periods_.longestLeaseS == 0) revert Vault_BadParameter("longestLeaseS");
        if (periods_.holdPeriodS == 0) revert Vault_BadParameter("holdPeriodS");
        uint256 provable = uint256(periods_.longestLeaseS) + periods_.longestGraceS + periods_.trialWindowS;
        if (periods_.thawS <= provable) revert Vault_BadParameter("thawS");
        _coin = IERC20(coin_);
        _trials = trials_;
        _court = court_;
        _longestLeaseS = periods_.longestLeaseS;
        _longestGraceS = periods_.longestGraceS;
        _trialWindowS = periods_.trialWindowS;
        _thawS = periods_.thawS;
        _holdPeriodS = periods_.holdPeriodS;
    }

    /// @inheritdoc IVault
    function deposit(uint256 amount) external {
        _deposit(amount);
    }

    /// @inheritdoc IVault
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        // A permit is public once sent, so anyone can land it first; what counts is the allowance, checked by the coin.
        try IERC20Permit(address(_coin)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(amount);
    }

    /// @inheritdoc IVault
    function withdraw(address to, uint256 amount) external {
        _take(msg.sender, amount);
        emit Withdrawn(msg.sender, to, amount);
        _coin.safeTransfer(to, amount);
    }

    /// @inheritdoc IVault
    function give(address to, uint256 amount) external {
        _give(msg.sender, to, amount);
    }

    /// @inheritdoc IVault
    function bond(uint256 amount) external {
        _take(msg.sender, amount);
        _stakes[msg.sender].bonded += uint128(amount);
        emit Bonded(msg.sender, amount);
    }

    /// @inheritdoc IVault
    function thaw(uint256 amount) external {
        _unbond(msg.sender, amount);
        Purse storage purse = _purses[msg.sender];
        uint32 thawsAt = uint32(block.timestamp) + _thawS;
        purse.thawing += uint96(amount);
        purse.thawsAt = thawsAt;
        emit Thawing(msg.sender, amount, thawsAt);
    }

    /// @inheritdoc IVault
    function collect() external {
        Purse memory purse = _purses[msg.sender];
        if (block.timestamp < purse.thawsAt) revert Vault_StillThawing(msg.sender, purse.thawsAt);
        emit Thawed(msg.sender, purse.thawing);
        _purses[msg.sender] = Purse(purse.free + purse.thawing, 0, 0, purse.since);
    }

    /// @inheritdoc IVault
    function charge(address from, uint256 amount) external onlyJudges {
        _give(from, msg.sender, amount);
    }

    /// @inheritdoc IVault
    function reserve(address owner, uint256 amount) external onlyJudges {
        _reserve(owner, amount);
    }

    /// @inheritdoc IVault
    function unreserve(address owner, uint256 amount) external onlyJudges {
        _unreserve(owner, amount);
    }

    /// @inheritdoc IVault
    function seizeReserved(address owner, uint256 amount) external onlyJudges {
        _seizeReserved(owner, amount);
    }

    /// @inheritdoc IVault
    function convict(address owner) external onlyJudges {
        _purses[owner].since = uint32(block.timestamp);
        emit Convicted(owner);
    }

    /// @inheritdoc IVault
    function accountOf(address owner) external view returns (Account memory) {
        Purse memory purse = _purses[owner];
        Stake memory stake = _stakes[owner];
        return
            Account(purse.free, uint96(stake.bonded), uint96(stake.reserved), purse.thawing, purse.thawsAt, purse.since);
    }

    /// @inheritdoc IVault
    function heldBack(address owner, uint256 amount) external view returns (uint256) {
        return (amount * _quartersHeld(_purses[owner].since)) / 4;
    }

    /// @inheritdoc IVault
    function periods() external view returns (Periods memory) {
        return Periods(_longestLeaseS, _longestGraceS, _trialWindowS, _thawS, _holdPeriodS);
    }

    /// @inheritdoc IVault
    function coin() external view returns (address) {
        return address(_coin);
    }

    /// @inheritdoc IVault
    function trials() external view returns (address) {
        return _trials;
    }

    /// @inheritdoc IVault
    function court() external view returns (address) {
        return _court;
    }

    /// @dev Takes free coin out of an account, for the caller to put elsewhere.
    function _take(address owner, uint256 amount) internal {
        uint96 free = _purses[owner].free;
        if (amount > free) revert Vault_NotEnoughFree(owner, amount, free);
        _purses[owner].free = free - uint96(amount);
    }

    /// @dev Adds coin that was taken from somewhere else.
    function _put(address owner, uint256 amount) internal {
        _purses[owner].free += uint96(amount);
    }

    /// @dev Pays a donor what it earned, part of it into its stake while it is new.
    function _earn(address donor, uint256 amount) internal returns (uint256 held) {
        Purse memory purse = _purses[donor];
        held = (amount * _quartersHeld(purse.since)) / 4;
        // Never earned before: a time that only this contract writes.
        // slither-disable-next-line incorrect-equality
        if (purse.since == 0) purse.since = uint32(block.timestamp);
        purse.free += uint96(amount - held);
        _purses[donor] = purse;
        if (held != 0) _stakes[donor].bonded += uint128(held);
    }

    function _reserve(address owner, uint256 amount) internal {
        Stake storage stake = _stakes[owner];
        (uint128 bonded, uint128 reserved) = (stake.bonded, stake.reserved);
        if (amount > bonded - reserved) revert Vault_NotEnoughStake(owner, amount, bonded - reserved);
        stake.reserved = reserved + uint128(amount);
    }

    function _unreserve(address owner, uint256 amount) internal {
        _stakes[owner].reserved -= uint128(amount);
    }

    /// @dev Takes pledged stake into the caller's account.
    function _seizeReserved(address owner, uint256 amount) internal {
        Stake memory stake = _stakes[owner];
        stake.reserved -= uint128(amount);
        stake.bonded -= uint128(amount);
        _stakes[owner] = stake;
        _put(msg.sender, amount);
        emit Seized(owner, msg.sender, amount);
    }

    /// @dev Takes what is there of `amount`, first of the unreserved stake, then of what thaws.
    function _seizeUnreserved(address owner, uint256 amount) internal returns (uint256 seized) {
        Stake memory stake = _stakes[owner];
        uint256 unreserved = stake.bonded - stake.reserved;
        uint256 fromStake = amount < unreserved ? amount : unreserved;
        uint256 thawing = _purses[owner].thawing;
        uint256 fromThawing = amount - fromStake < thawing ? amount - fromStake : thawing;
        seized = fromStake + fromThawing;
        _stakes[owner].bonded = stake.bonded - uint128(fromStake);
        _purses[owner].thawing = uint96(thawing - fromThawing);
        _put(msg.sender, seized);
        emit Seized(owner, msg.sender, seized);
    }

    /// @dev Gives seized stake back, out of the caller's account.
    function _restore(address owner, uint256 amount) internal {
        _take(msg.sender, amount);
        _stakes[owner].bonded += uint128(amount);
        emit Restored(owner, msg.sender, amount);
    }

    function _deposit(uint256 amount) private {
        _coin.safeTransferFrom(msg.sender, address(this), amount);
        _put(msg.sender, amount);
        emit Deposited(msg.sender, amount);
    }

    function _give(address from, address to, uint256 amount) private {
        _take(from, amount);
        _put(to, amount);
        emit Given(from, to, amount);
    }

    function _unbond(address owner, uint256 amount) private {
        Stake memory stake = _stakes[owner];
        uint256 unreserved = stake.bonded - stake.reserved;
        if (amount > unreserved) revert Vault_NotEnoughStake(owner, amount, unreserved);
        _stakes[owner].bonded = stake.bonded - uint128(amount);
    }

    /// @dev How many quarters of an earning are held back, by age: 3, 2, 1, 0.
    function _quartersHeld(uint32 since) private view returns (uint256) {
        // Never earned before: a time that only this contract writes.
        // slither-disable-next-line incorrect-equality
        if (since == 0) return 3;
        uint256 age = (block.timestamp - since) / _holdPeriodS;
        return age < 3 ? 3 - age : 0;
    }
}
