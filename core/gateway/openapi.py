"""The agent's interface in words that tools read: `python -m core.gateway.openapi` prints it (OpenAPI 3.1).

docs/api.json is kept equal to it by a test. Its components are also what the command line prints with --json.
"""

import json
from typing import Any, Final

import msgspec

from core.change import Preview
from core.gateway import messages as m
from core.observed import Endpoint, Job, Ran
from core.quote import Why
from core.view import ClusterLine, RenterView

VERBS: Final[dict[str, tuple[Any, Any, str]]] = {
    "about": (m.Nothing, m.About, "Which agent this is."),
    "view": (m.Nothing, RenterView, "The newest view."),
    "watch": (m.AskWatch, m.Viewed, "The newest view once its number is above `after`; answered within 20 s."),
    "offers": (m.Nothing, m.Offered, "Every offer that has room, the cheapest first."),
    "quote": (m.AskQuote, m.Quoted, "What the market can do about a request now; binds nobody."),
    "why": (m.AskWhy, Why, "Why a quote, one of the last few, treats a donor as it does."),
    "launch": (m.AskLaunch, ClusterLine, "Ask the donors, pay into escrow, start the cluster; follow it by `watch`."),
    "preview": (m.AskPreview, Preview, "What a change of a cluster would mean; binds nobody."),
    "change": (m.AskChange, ClusterLine, "Make a change of a cluster; follow it by `watch`."),
    "submit": (m.AskSubmit, Job, "Run a PySpark program."),
    "connect": (m.AskCluster, Endpoint, "Have the cluster answer to Spark Connect; the address holds a secret."),
    "execute": (m.AskExecute, Ran, "Run a command in a job's driver."),
    "progress": (m.AskJob, m.Progressed, "How far a job is."),
    "logs": (m.AskLogs, m.Frame, "A job's output: a Frame a line, the last one `ended` or a refusal."),
    "outputs": (m.AskOutputs, m.Paths, "Copy what a job wrote into a folder of this machine."),
    "stop_job": (m.AskJob, m.Nothing, "Stop a job; its cluster stays."),
    "destroy": (m.AskCluster, m.Nothing, "End a cluster's leases; follow the settlement by `watch`."),
    "shutdown": (m.Nothing, m.Nothing, "End the agent. Clusters that run stop being paid."),
}
"""Each verb: what its body is, what it answers, and a sentence."""


def description() -> dict[str, Any]:
    """The whole interface."""
    types = {kind for asked, answered, _ in VERBS.values() for kind in (asked, answered)} | {m.Refusal}
    ordered = sorted(types, key=lambda kind: kind.__name__)
    schemas, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(ordered, schemas, strict=True))
    paths = {
        f"/v1/{verb}": {
            "post": {
                "operationId": verb,
                "summary": sentence,
                "requestBody": {"required": True, "content": {"application/json": {"schema": by_type[asked]}}},
                "responses": {
                    "200": _answer("Done.", by_type[answered], streamed=answered is m.Frame),
                    "default": _answer("Refused: what happened, and what to do next.", by_type[m.Refusal]),
                },
            }
        }
        for verb, (asked, answered, sentence) in VERBS.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "The renter's background agent",
            "version": "1",
            "description": "On loopback alone; the address and the token are in `agent.json` of the home folder, which "
            "nobody but its owner can read. Coin is in the smallest unit (10^-18) and outgrows 64 bits.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": dict(sorted(components.items())),
        },
    }


def text() -> str:
    """The description as it is kept."""
    return json.dumps(description(), indent=1, ensure_ascii=False, default=_plain) + "\n"


def _answer(sentence: str, schema: Any, *, streamed: bool = False) -> dict[str, Any]:
    kind = "application/x-ndjson" if streamed else "application/json"
    return {"description": sentence, "content": {kind: {"schema": schema}}}


def _plain(value: object) -> object:
    """A default that JSON has no words for, as it travels."""
    return msgspec.to_builtins(value)


if __name__ == "__main__":
    print(text(), end="")
