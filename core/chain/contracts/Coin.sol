// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title Coin
/// @notice The coin that donors earn. Its supply is minted once, to the deployer, and nobody can change it afterwards:
/// there is no owner, no mint, no pause and no fee on transfer, so escrow may rely on amounts arriving whole.
/// @dev Permit (EIP-2612) lets a renter open a lease in one transaction.
contract Coin is ERC20, ERC20Permit {
    /// @param name_ the coin's name, which is also its EIP-712 domain name
    /// @param symbol_ the coin's symbol
    /// @param supply_ the whole supply, in smallest units (18 decimals)
    constructor(string memory name_, string memory symbol_, uint256 supply_) ERC20(name_, symbol_) ERC20Permit(name_) {
        _mint(msg.sender, supply_);
    }
}
