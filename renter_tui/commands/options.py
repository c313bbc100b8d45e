"""The options that describe a cluster, shared by `quote` and `launch`."""

import functools
from collections.abc import Callable
from pathlib import Path

import click

from core import parsing
from core.model import Amount
from core.quote import LossPolicy
from renter_tui import clusterfile


def _read_file(context: click.Context, _parameter: click.Parameter, path: Path | None) -> None:
    """Have a file say what the command line does not."""
    if path is not None:
        file = clusterfile.read(path)
        context.default_map = {**file.options, "name": file.name, **file.job}


def explicit(name: str) -> bool:
    """Whether the current command's parameter was typed, rather than read from a file."""
    return click.get_current_context().get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


_OPTIONS = (
    click.option(
        "--from",
        is_eager=True,
        expose_value=False,
        callback=_read_file,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A cluster.toml that says what these options do not.",
    ),
    click.option("--workers", type=int, default=1, show_default=True, metavar="N", help="How many workers."),
    click.option(
        "--cores",
        "--cpu",
        "cores",
        type=parsing.cpu_millis,
        default="1",
        show_default=True,
        metavar="N",
        help="Of each worker.",
    ),
    click.option(
        "--memory",
        type=parsing.memory_mib,
        default="2G",
        show_default=True,
        metavar="SIZE",
        help="Of each worker: 1536M, 2G.",
    ),
    click.option(
        "--hours",
        "--time",
        "--for",
        "seconds",
        type=parsing.duration_s,
        default="1",
        show_default=True,
        metavar="TIME",
        help="How long: 1, 90m, 2h, 1h30m.",
    ),
    click.option(
        "--ceiling",
        "--max-price",
        "ceiling",
        type=parsing.coin,
        metavar="SPARE",
        help="The most that it may cost in all.",
    ),
    click.option("--most-per-donor", type=int, metavar="N", help="So many workers at most on one donor."),
    click.option(
        "--tightness",
        "tightness_percent",
        type=int,
        default=10,
        show_default=True,
        metavar="PERCENT",
        help="From cheapest (0) to tightest (100): less waste, more spread, safer donors.",
    ),
    click.option(
        "--confidence",
        "confidence_per_mille",
        type=parsing.per_mille,
        default="0",
        metavar="PERCENT",
        help="How likely all workers are to stay; spare ones are added for it.",
    ),
    click.option(
        "--on-loss",
        type=click.Choice([policy.value for policy in LossPolicy]),
        default=LossPolicy.REPLACE.value,
        show_default=True,
        help="When a worker is lost: lease another, go on with fewer, or end the cluster.",
    ),
)


def request_options(verb: Callable[..., None]) -> Callable[..., None]:
    """Give `verb` these options, as the one argument `request`. Raises InvalidInput, naming the option."""

    @functools.wraps(verb)
    def described(
        *others: object,
        workers: int,
        cores: int,
        memory: int,
        seconds: int,
        ceiling: Amount | None,
        most_per_donor: int | None,
        tightness_percent: int,
        confidence_per_mille: int,
        on_loss: str,
        **named: object,
    ) -> None:
        request = parsing.request(
            workers=workers,
            cores=cores,
            memory=memory,
            seconds=seconds,
            ceiling=ceiling,
            most_per_donor=most_per_donor,
            tightness_percent=tightness_percent,
            confidence_per_mille=confidence_per_mille,
            on_loss=LossPolicy(on_loss),
        )
        verb(*others, request=request, **named)

    for option in reversed(_OPTIONS):
        described = option(described)
    return described
