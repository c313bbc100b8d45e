// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title IVault
/// @notice One account a person, for everything: deposits, stake and earnings share it.
///
/// Coin in an account is in one of four places. `free` can be spent and withdrawn. `bonded` is stake; of it, `reserved`
/// is pledged to leases or to a seat in the court. `thawing` was bonded, counts for nothing new, can still be seized,
/// and becomes free once `thawsAt` has come.
///
/// New donors are held back: of what they earn, three quarters are bonded for them in their first period, half in the
/// second, a quarter in the third, nothing afterwards. A conviction starts the count anew. What is bonded stays theirs.
///
/// Invariants:
/// V1. The coin held here = all accounts' free + bonded + thawing + what remains of all leases, to the unit (apart from
///     coin that somebody sent here past `deposit`, which is lost).
/// V2. reserved <= bonded, for every account.
/// V3. Only its owner's call, an award or an earning changes where an account's coin is; only seizures lower it otherwise.
/// V4. Nothing that was bonded can be withdrawn before it has thawed for `thawS` seconds.
/// V5. `thawS` is longer than the longest lease, its grace and its trial window together.
/// V6. What is burned is never spent again, and only grows.
/// V7. Of an earning, exactly the amount arrives: its free part and its held-back part add up to it.
/// V8. The rate that is held back only falls with age, except through a conviction.
interface IVault {
    /// @notice The periods of this deployment, in seconds. They never change.
    /// @param longestLeaseS how far ahead a lease may end
    /// @param longestGraceS the longest grace for last claims
    /// @param trialWindowS how long after its grace a lease can still be brought to trial
    /// @param thawS how long bonded coin takes to become free; more than the three above together
    /// @param holdPeriodS a period of hold-back; there are three
    struct Periods {
        uint32 longestLeaseS;
        uint32 longestGraceS;
        uint32 trialWindowS;
        uint32 thawS;
        uint32 holdPeriodS;
    }

    /// @notice An account, in smallest units of the coin.
    /// @param free can be spent and withdrawn
    /// @param bonded stake, the reserved part included
    /// @param reserved the part of `bonded` that is pledged
    /// @param thawing on its way from bonded to free
    /// @param thawsAt unix seconds at which `thawing` can be collected
    /// @param since unix seconds from which the age for the hold-back counts; 0 before the first earning
    struct Account {
        uint96 free;
        uint96 bonded;
        uint96 reserved;
        uint96 thawing;
        uint32 thawsAt;
        uint32 since;
    }

    /// @notice Coin came in from outside.
    event Deposited(address indexed owner, uint256 amount);
    /// @notice Coin left to `to`.
    event Withdrawn(address indexed owner, address indexed to, uint256 amount);
    /// @notice Free coin became stake.
    event Bonded(address indexed owner, uint256 amount);
    /// @notice Stake began to thaw; all that thaws is free at `thawsAt`.
    event Thawing(address indexed owner, uint256 amount, uint32 thawsAt);
    /// @notice Thawed coin became free.
    event Thawed(address indexed owner, uint256 amount);
    /// @notice Free coin moved from one account to another, within the vault.
    event Given(address indexed from, address indexed to, uint256 amount);
    /// @notice Stake was taken by the trials or the court.
    event Seized(address indexed owner, address indexed by, uint256 amount);
    /// @notice Seized stake was given back.
    event Restored(address indexed owner, address indexed by, uint256 amount);
    /// @notice A donor was convicted, and its age for the hold-back counts from now.
    event Convicted(address indexed owner);

    /// @notice The account has less to spend than this needs.
    error Vault_NotEnoughFree(address owner, uint256 needed, uint256 free);
    /// @notice The account has less unreserved stake than this needs.
    error Vault_NotEnoughStake(address owner, uint256 needed, uint256 unreserved);
    /// @notice What thaws is not free before `thawsAt`.
    error Vault_StillThawing(address owner, uint32 thawsAt);
    /// @notice Only the trials and the court may do this.
    error Vault_NotAllowed(address caller);
    /// @notice The deployment can never work: the named parameter does not fit.
    error Vault_BadParameter(string name);

    /// @notice Pays in `amount`, which the caller must have approved.
    function deposit(uint256 amount) external;

    /// @notice Like `deposit`, with an EIP-2612 permit for exactly `amount` in place of an earlier approval.
    /// @dev A permit that somebody else has already submitted does no harm: the allowance it left is used.
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Pays `amount` of the caller's free coin out to `to`.
    function withdraw(address to, uint256 amount) external;

    /// @notice Moves `amount` of the caller's free coin to another account of the vault.
    function give(address to, uint256 amount) external;

    /// @notice Turns `amount` of the caller's free coin into stake.
    function bond(uint256 amount) external;

    /// @notice Lets `amount` of the caller's unreserved stake thaw. All that thaws waits the full time from now on.
    function thaw(uint256 amount) external;

    /// @notice Makes the caller's thawed coin free. Reverts before `thawsAt`; after it, nothing thawing is no error.
    function collect() external;

    /// @notice Trials and court: takes `amount` of `from`'s free coin into the caller's account, as a bond or a fee.
    function charge(address from, uint256 amount) external;

    /// @notice Trials and court: pledges `amount` of `owner`'s stake.
    function reserve(address owner, uint256 amount) external;

    /// @notice Trials and court: ends a pledge made by `reserve`.
    function unreserve(address owner, uint256 amount) external;

    /// @notice Trials and court: takes `amount` of a pledge made by `reserve` into the caller's account.
    function seizeReserved(address owner, uint256 amount) external;

    /// @notice Trials and court: `owner`'s age for the hold-back counts from now.
    function convict(address owner) external;

    /// @notice An account.
    function accountOf(address owner) external view returns (Account memory);

    /// @notice What would be held back of `amount` if `owner` earned it now.
    function heldBack(address owner, uint256 amount) external view returns (uint256);

    /// @notice The periods of this deployment.
    function periods() external view returns (Periods memory);

    /// @notice The coin that this vault holds.
    function coin() external view returns (address);

    /// @notice The contract that tries liveness, storage and double selling.
    function trials() external view returns (address);

    /// @notice The contract whose juries try what cannot be proven on chain.
    function court() external view returns (address);
}
