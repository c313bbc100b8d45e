"""Following a cluster through the agent's views."""

from collections.abc import Callable

from core.errors import NotFound
from core.gateway.agent import AgentUnavailable, RenterAgent
from core.view import ClusterLine, RenterView


def named(view: RenterView, name: str) -> ClusterLine:
    """The cluster `name`, the live one where there were several. Raises NotFound."""
    found = [line for line in view.clusters if line.name == name]
    if not found:
        raise NotFound(f"There is no cluster named {name}.", "Run `sparecloud ls` to see them all.")
    return next((line for line in found if not line.ended), found[-1])


async def follow(
    agent: RenterAgent, name: str, done: Callable[[ClusterLine], bool], say: Callable[[str], None], before: str = ""
) -> ClusterLine:
    """The cluster once it is `done`, each new sentence of it said; lines of the lease `before` are skipped.

    Raises AgentUnavailable where the agent ends first.
    """
    said = ""
    async for view in agent.watch():
        line = next((line for line in view.clusters if line.name == name and line.lease != before), None)
        if line is None:
            continue
        sentence = f"{line.state}: {line.sentence}" if line.sentence else line.state
        if sentence != said:
            say(sentence)
            said = sentence
        if done(line):
            return line
    raise AgentUnavailable("The background agent ended.", f"Run `sparecloud status {name}`: it starts again by itself.")
