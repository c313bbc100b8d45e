"""The tree over a lease's shares: OpenZeppelin's standard Merkle tree (leaves hashed twice, pairs sorted). Pure.

An odd node out is carried up unchanged, which OpenZeppelin's MerkleProof verifies just as well.
"""

from collections.abc import Sequence

from eth_abi.abi import encode
from eth_hash.auto import keccak

from core.model import Share


def detail(share: Share) -> bytes:
    """32 bytes that commit to what the contract need not understand: the share's resources and rate."""
    amounts = [value for _, value in share.resources.dimensions()]
    return keccak(encode(["uint32[]", "uint256"], [amounts, share.rate]))


def leaf(share: Share) -> bytes:
    """The share's leaf: keccak256(keccak256(abi.encode(index, donor, cap, detail)))."""
    values = (share.index, share.donor, share.cap, detail(share))
    return keccak(keccak(encode(["uint32", "address", "uint128", "bytes32"], values)))


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over `leaves`, of which there must be one at least; their order matters."""
    return _levels(leaves)[-1][0]


def proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The siblings that lead from `leaves[index]` up to the root."""
    siblings = []
    for level in _levels(leaves)[:-1]:
        if (index ^ 1) < len(level):
            siblings.append(level[index ^ 1])
        index //= 2
    return tuple(siblings)


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    if not leaves:
        raise ValueError("a tree needs a leaf")
    levels = [list(leaves)]
    while len(level := levels[-1]) > 1:
        levels.append([_parent(level[at : at + 2]) for at in range(0, len(level), 2)])
    return levels


def _parent(pair: list[bytes]) -> bytes:
    return pair[0] if len(pair) == 1 else keccak(min(pair) + max(pair))
