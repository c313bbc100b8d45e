// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VestingWallet} from "@openzeppelin/contracts/finance/VestingWallet.sol";
import {VestingWalletCliff} from "@openzeppelin/contracts/finance/VestingWalletCliff.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ISale} from "./ISale.sol";

/// @title TeamVesting
/// @notice Releases what it holds to the team: nothing before a cliff, then in proportion to time.
contract TeamVesting is VestingWalletCliff {
    constructor(address team, uint64 startsAt, uint64 cliffS, uint64 vestingS)
        VestingWallet(team, startsAt, vestingS)
        VestingWalletCliff(cliffS)
    {}
}

/// @title Sale
/// @dev Documented in ISale. Nobody owns it and nothing in it can be upgraded.
contract Sale is ISale {
    using SafeERC20 for IERC20;

    /// @dev A sale open for longer than this would hold what buyers paid for too long.
    uint64 private constant LONGEST_OPEN_S = 366 days;
    /// @dev A team's share that vests faster than this would hardly be vesting.
    uint64 private constant SHORTEST_VESTING_S = 365 days;

    IERC20 private immutable _coin;
    uint128 private immutable _rate;
    uint128 private immutable _goal;
    uint128 private immutable _cap;
    uint64 private immutable _opensAt;
    uint64 private immutable _closesAt;
    address private immutable _beneficiary;
    address private immutable _treasury;
    uint128 private immutable _teamCoins;

    /// @inheritdoc ISale
    address public immutable vesting;

    uint128 private _raised;
    bool private _withdrawn;
    bool private _settled;

    /// @inheritdoc ISale
    mapping(address buyer => uint256) public paid;

    /// @dev Deploys the vesting wallet, too. The sale must then be funded with `plan_.cap * plan_.rate +
    /// plan_.teamCoins` of the coin: until it holds that, nobody can buy.
    /// @param plan_ what is sold, on which terms
    /// @param team who may collect the team's share as it vests
    /// @param cliffS seconds after the close before which nothing vests
    /// @param vestingS seconds after the close at which all has vested, 365 days at least
    constructor(Plan memory plan_, address team, uint64 cliffS, uint64 vestingS) {
        if (address(plan_.coin) == address(0)) revert Sale_BadPlan("coin");
        if (plan_.rate == 0) revert Sale_BadPlan("rate");
        if (plan_.goal == 0) revert Sale_BadPlan("goal");
        if (plan_.cap < plan_.goal) revert Sale_BadPlan("cap");
        if (plan_.opensAt < block.timestamp) revert Sale_BadPlan("opensAt");
        if (plan_.closesAt <= plan_.opensAt || plan_.closesAt - plan_.opensAt > LONGEST_OPEN_S) {
            revert Sale_BadPlan("closesAt");
        }
        if (plan_.beneficiary == address(0)) revert Sale_BadPlan("beneficiary");
        if (plan_.treasury == address(0)) revert Sale_BadPlan("treasury");
        if (vestingS < SHORTEST_VESTING_S) revert Sale_BadPlan("vestingS");

        _coin = plan_.coin;
        _rate = plan_.rate;
        _goal = plan_.goal;
        _cap = plan_.cap;
        _opensAt = plan_.opensAt;
        _closesAt = plan_.closesAt;
        _beneficiary = plan_.beneficiary;
        _treasury = plan_.treasury;
        _teamCoins = plan_.teamCoins;
        vesting = address(new TeamVesting(team, plan_.closesAt, cliffS, vestingS));
    }

    receive() external payable {
        buy();
    }

    /// @inheritdoc ISale
    function collect(address buyer) external {
        _require(Phase.Succeeded);
        uint256 coins = paid[buyer] * _rate;
        if (coins == 0) revert Sale_NothingDue(buyer);

        paid[buyer] = 0;
        emit Collected(buyer, coins);

        _coin.safeTransfer(buyer, coins);
    }

    /// @inheritdoc ISale
    function refund() external {
        _require(Phase.Failed);
        uint256 amount = paid[msg.sender];
        if (amount == 0) revert Sale_NothingDue(msg.sender);

        paid[msg.sender] = 0;
        emit Refunded(msg.sender, amount);

        Address.sendValue(payable(msg.sender), amount);
    }

    /// @inheritdoc ISale
    function withdraw() external {
        _require(Phase.Succeeded);
        if (_withdrawn) revert Sale_NothingDue(_beneficiary);

        _withdrawn = true;
        emit Withdrawn(_raised);

        Address.sendValue(payable(_beneficiary), _raised);
    }

    /// @inheritdoc ISale
    function settle() external {
        if (phase() == Phase.Failed) {
            _settle(0, _coin.balanceOf(address(this)));
            return;
        }
        _require(Phase.Succeeded);
        if (_settled) revert Sale_NothingDue(_treasury);

        _settled = true;
        _settle(_teamCoins, uint256(_cap - _raised) * _rate);
    }

    /// @inheritdoc ISale
    function plan() external view returns (Plan memory) {
        return Plan(_coin, _rate, _goal, _cap, _opensAt, _closesAt, _beneficiary, _treasury, _teamCoins);
    }

    /// @inheritdoc ISale
    function raised() external view returns (uint256) {
        return _raised;
    }

    /// @inheritdoc ISale
    function buy() public payable {
        _require(Phase.Open);
        if (msg.value == 0) revert Sale_NothingPaid();
        uint256 left = _cap - _raised;
        if (msg.value > left) revert Sale_OverCap(msg.value, left);
        // No coin leaves while the sale is open, so what the first buyer found is there for all who follow.
        if (_raised == 0) _requireFunded();

        _raised += uint128(msg.value);
        paid[msg.sender] += msg.value;
        emit Bought(msg.sender, msg.value);
    }

    /// @inheritdoc ISale
    function phase() public view returns (Phase) {
        if (_raised == _cap) return Phase.Succeeded;
        if (block.timestamp < _opensAt) return Phase.Pending;
        if (block.timestamp < _closesAt) return Phase.Open;
        return _raised < _goal ? Phase.Failed : Phase.Succeeded;
    }

    function _settle(uint256 forTeam, uint256 forTreasury) private {
        emit Settled(forTeam, forTreasury);

        _coin.safeTransfer(vesting, forTeam);
        _coin.safeTransfer(_treasury, forTreasury);
    }

    function _require(Phase wanted) private view {
        Phase current = phase();
        if (current != wanted) revert Sale_WrongPhase(current);
    }

    function _requireFunded() private view {
        uint256 held = _coin.balanceOf(address(this));
        uint256 needed = uint256(_cap) * _rate + _teamCoins;
        if (held < needed) revert Sale_NotFunded(held, needed);
    }
}
