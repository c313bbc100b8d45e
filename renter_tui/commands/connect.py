"""`connect`: a cluster as notebooks, IDEs and PySpark on this machine see it."""

import click

from renter_tui.commands.shell import Shell, json_option, pass_shell


@click.command()
@click.argument("cluster")
@json_option
@pass_shell
def connect(shell: Shell, cluster: str) -> None:
    """Open a cluster to PySpark on this machine, through Spark Connect on a port of loopback.

    Prints an address that holds a secret token: whoever has it runs programs on the cluster. Needs Python 3.11 here
    with "pyspark-client==4.1.3" and "pandas<3" from PyPI. Until `sparecloud stop CLUSTER connect` it waits as a job.

    \b
    sparecloud connect demo
    export SPARK_REMOTE=$(sparecloud connect demo)
    python -c "from pyspark.sql import SparkSession; print(SparkSession.builder.getOrCreate().range(9).count())"
    """
    shell.say(f"Starting Spark Connect on {cluster}.")
    endpoint = shell.ask(lambda agent: agent.connect(cluster))
    shell.say(f"It answers on this machine alone; `sparecloud stop {cluster} {endpoint.job}` ends it.")
    shell.show({"url": endpoint.url, "job": endpoint.job}, endpoint.url)
