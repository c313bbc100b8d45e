"""`shell`: PySpark, line by line, on a cluster."""

import os
import shutil
import subprocess
from pathlib import Path

import click

from core.errors import InvalidInput
from renter_tui.commands.shell import Shell, json_option, pass_shell

START = (
    "from pyspark.sql import SparkSession, functions as f; spark = SparkSession.builder.getOrCreate(); "
    "print('`spark` is the cluster, `f` Spark\\'s functions; Ctrl-D leaves, the cluster stays.')"
)
_CHECK = "import sys, pyspark.sql.connect.client; sys.exit(0 if sys.version_info[:2] == (3, 11) else 3)"


@click.command()
@click.argument("cluster")
@click.option(
    "--python",
    "chosen",
    type=click.Path(path_type=Path),
    help="A Python 3.11 with pyspark-client (`pip install 'pyspark-client==4.1.3' 'pandas<3'`).  [default: python3.11]",
)
@json_option
@pass_shell
def shell(told: Shell, cluster: str, chosen: Path | None) -> None:
    """Open a PySpark shell on a cluster: `spark` is ready, each line runs on the workers.

    It is your own Python, with what you installed there; Spark Connect takes it to the cluster. Leaving ends nothing.

    \b
    sparecloud shell demo --python ~/notebooks/bin/python
    """
    python = str(chosen.expanduser().absolute()) if chosen else shutil.which("python3.11")
    if python is None or shutil.which(python) is None:
        raise InvalidInput(f"There is no {chosen or 'python3.11'} to run.", "Name a Python 3.11 with --python.")
    if subprocess.run([python, "-c", _CHECK], capture_output=True, timeout=60, check=False).returncode:
        raise InvalidInput(
            f"{python} cannot speak Spark Connect to a cluster.",
            "It must be Python 3.11, as the workers have, with `pip install 'pyspark-client==4.1.3' 'pandas<3'`.",
        )
    endpoint = told.ask(lambda agent: agent.connect(cluster))
    # The address holds a token: it travels in the environment of this one process, and in no command line.
    ended = subprocess.run([python, "-i", "-c", START], env={**os.environ, "SPARK_REMOTE": endpoint.url}, check=False)
    raise click.exceptions.Exit(ended.returncode)
