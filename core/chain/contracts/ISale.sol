// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title ISale
/// @notice Sells coin for the chain's native coin at a fixed rate, between two dates, with a goal and a cap.
///
/// A sale that reaches its goal, once it closes, or its cap, at once, has succeeded: buyers collect their coin, the
/// beneficiary its proceeds, the team its share through vesting, and the treasury what was not sold. A sale that closes
/// short of its goal has failed: buyers get back what they paid, and all coin goes to the treasury. Nobody owns the
/// sale; nothing about it can change once it is deployed.
///
/// The rate is a whole number of smallest units for each wei, so that nothing is ever rounded.
///
/// Invariants:
/// 1. What was raised is the sum of all payments, never falls, and is never above the cap.
/// 2. Native coin: held = raised - refunded - withdrawn, to the wei (apart from what a chain lets others force on it).
/// 3. Coin: held = funded - collected - sent to the treasury - sent to vesting, to the unit.
/// 4. From the first payment on, the coin held covers every coin that buyers are still owed.
/// 5. A buyer gets what was paid times the rate, or what was paid, whole and once: never both.
/// 6. Before the sale succeeded or failed nothing leaves it; native coin goes to the beneficiary only after success, to
///    buyers only after failure.
/// 7. The team's coin goes to vesting and nowhere else, once, after success; after failure none does.
/// 8. The phase only moves forward, Pending -> Open -> Succeeded or Failed, and the last two stay.
interface ISale {
    /// @notice Where the sale stands.
    enum Phase {
        Pending,
        Open,
        Succeeded,
        Failed
    }

    /// @notice What the sale was deployed with.
    /// @param coin what is sold
    /// @param rate smallest units of coin for one wei
    /// @param goal wei below which the sale fails
    /// @param cap wei at which the sale is sold out
    /// @param opensAt unix seconds of the first second in which one can buy
    /// @param closesAt unix seconds of the first second in which one cannot any more, 366 days after `opensAt` at most
    /// @param beneficiary who receives the proceeds; must be able to receive native coin
    /// @param treasury who receives coin that was not sold
    /// @param teamCoins the team's share, in smallest units of coin
    struct Plan {
        IERC20 coin;
        uint128 rate;
        uint128 goal;
        uint128 cap;
        uint64 opensAt;
        uint64 closesAt;
        address beneficiary;
        address treasury;
        uint128 teamCoins;
    }

    /// @notice `buyer` paid this many wei more.
    event Bought(address indexed buyer, uint256 paid);

    /// @notice `buyer` received all the coin that it bought.
    event Collected(address indexed buyer, uint256 coins);

    /// @notice `buyer` received back all that it paid, in wei.
    event Refunded(address indexed buyer, uint256 paid);

    /// @notice The beneficiary received the proceeds, in wei.
    event Withdrawn(uint256 proceeds);

    /// @notice The team's share went to vesting, and the rest to the treasury.
    event Settled(uint256 teamCoins, uint256 treasuryCoins);

    /// @notice The plan can never work: the named field is zero, or out of its bounds.
    error Sale_BadPlan(string field);
    /// @notice This needs a sale in another phase.
    error Sale_WrongPhase(Phase phase);
    /// @notice A purchase of nothing.
    error Sale_NothingPaid();
    /// @notice The purchase is larger than what is left, in wei.
    error Sale_OverCap(uint256 paid, uint256 left);
    /// @notice The sale does not hold the coin it would have to deliver.
    error Sale_NotFunded(uint256 held, uint256 needed);
    /// @notice Nothing is due to this account, or it has had it already.
    error Sale_NothingDue(address account);

    /// @notice Buys coin for the caller with the native coin sent along; sending it without a call does the same.
    /// @dev All or nothing: a purchase beyond the cap reverts and says what is left, so that nobody waits for change.
    function buy() external payable;

    /// @notice After success: sends `buyer` the coin that it bought. Anyone may send it.
    function collect(address buyer) external;

    /// @notice After failure: sends the caller back what it paid.
    function refund() external;

    /// @notice After success: sends the beneficiary all that was raised. Anyone may send it.
    function withdraw() external;

    /// @notice After success: sends the team's share to vesting and what was not sold to the treasury, once. After
    /// failure: sends the treasury all coin that the sale holds. Anyone may send it.
    /// @dev Coin beyond what the plan needs comes back only from a sale that failed.
    function settle() external;

    /// @notice What the sale was deployed with.
    function plan() external view returns (Plan memory);

    /// @notice Where the sale stands now.
    function phase() external view returns (Phase);

    /// @notice What was paid by all buyers together, in wei.
    function raised() external view returns (uint256);

    /// @notice What `buyer` paid, in wei; zero again once it was collected or refunded.
    function paid(address buyer) external view returns (uint256);

    /// @notice The OpenZeppelin vesting wallet that the team's share goes to. It starts at `closesAt`.
    function vesting() external view returns (address);
}
