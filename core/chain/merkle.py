"""The tree over a lease's shares: OpenZeppelin's standard Merkle tree (leaves hashed twice, pairs sorted). Pure.

Its nodes lie in an array, the root first and the leaves last in reverse order, so that the contract can rebuild the
root from all leaves with OpenZeppelin's multiproof, and verify one leaf with a plain proof.
"""

from collections.abc import Sequence

from eth_abi.abi import encode
from eth_hash.auto import keccak

from core.model import Share


def resources(share: Share) -> bytes:
    """32 bytes that commit to what the contract need not understand: the share's resources and rate."""
    amounts = [value for _, value in share.resources.dimensions()]
    return keccak(encode(["uint32[]", "uint256"], [amounts, share.rate]))


def detail(share: Share) -> bytes:
    """32 bytes that commit to what a claim need not look into: keccak256(abi.encode(penalty, resources))."""
    return keccak(encode(["uint128", "bytes32"], [share.penalty, resources(share)]))


def leaf(share: Share) -> bytes:
    """The share's leaf: keccak256(keccak256(abi.encode(index, donor, cap, detail)))."""
    values = (share.index, share.donor, share.cap, detail(share))
    return keccak(keccak(encode(["uint32", "address", "uint128", "bytes32"], values)))


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over `leaves`, of which there must be one at least; their order matters."""
    return _nodes(leaves)[0]


def proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The siblings that lead from `leaves[index]` up to the root."""
    nodes = _nodes(leaves)
    at = len(nodes) - 1 - index
    siblings = []
    while at:
        siblings.append(nodes[at + 1 if at % 2 else at - 1])
        at = (at - 1) // 2
    return tuple(siblings)


def _nodes(leaves: Sequence[bytes]) -> list[bytes]:
    if not leaves:
        raise ValueError("a tree needs a leaf")
    nodes = [b""] * (len(leaves) - 1) + list(reversed(leaves))
    for at in reversed(range(len(leaves) - 1)):
        nodes[at] = keccak(b"".join(sorted(nodes[2 * at + 1 : 2 * at + 3])))
    return nodes
