"""A container that does one thing and ends: how the kernel is told about a network namespace."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from docker.models.containers import Container

from core.runtime.container_engine import ContainerEngine, gone_is_fine

_WITHIN_S: Final = 30
_SAID_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class Ended:
    """How a container ended: whether it went well, and its last words."""

    well: bool
    said: str


def one_shot(
    engine: ContainerEngine,
    image: str,
    arguments: Mapping[str, Any],
    prepare: Callable[[Container], None] | None = None,
) -> Ended:
    """Run a container to its end, 30 s at most, and remove it. Blocks.

    One of the same name that an agent left behind is removed first.
    """
    left = engine.named(str(arguments["name"]))
    if left is not None:
        _remove(left)
    once = engine.client.containers.create(image, **arguments)
    try:
        if prepare is not None:
            prepare(once)
        once.start()
        status = once.wait(timeout=_WITHIN_S)["StatusCode"]
        return Ended(status == 0, once.logs(tail=3).decode(errors="replace").strip()[:_SAID_CHARACTERS])
    finally:
        _remove(once)


def _remove(container: Container) -> None:
    with gone_is_fine():
        container.remove(v=True, force=True)
