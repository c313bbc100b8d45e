"""The agent's interface as it is described is the one that is served."""

import json
from pathlib import Path

from core.gateway.openapi import VERBS, description, text
from core.gateway.server import Gateway
from tests.scripted_agent import ScriptedAgent

KEPT = Path(__file__).parents[2] / "docs" / "api.json"


def test_the_kept_description_is_what_the_code_says() -> None:
    assert KEPT.read_text("utf-8") == text(), "run: python -m core.gateway.openapi > docs/api.json"


async def test_every_verb_that_is_served_is_described_and_no_other() -> None:
    routes = Gateway(ScriptedAgent(), "t" * 43, "").application().router.resources()

    served = {resource.canonical.rpartition("/")[2] for resource in routes}

    assert served == set(VERBS)


def test_every_reference_leads_somewhere_and_every_verb_needs_the_token() -> None:
    told = description()
    names = {part.split('"')[0] for part in json.dumps(told, default=str).split("#/components/schemas/")[1:]}

    assert names <= set(told["components"]["schemas"])
    assert told["security"] == [{"token": []}]
    assert all("security" not in path["post"] for path in told["paths"].values())
