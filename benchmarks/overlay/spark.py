"""Spark over Nebula beside Spark over the bridge, in turns, so that both meet the same neighbours."""

import statistics
from collections.abc import Callable
from secrets import token_hex
from typing import Final

from benchmarks.overlay.cluster import Cluster, cluster
from core.membership import images_folder
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images

WORK: Final = ("shuffle", "compute", "scan")
_OPEN_WITHIN_S: Final = 30


def compare(runs: int, say: Callable[[str], None]) -> dict[str, dict[str, object]]:
    """Seconds of each kind of work over both, and the ratio of their medians. Says a table, row by row."""
    engine = ContainerEngine()
    images = Images(engine, images_folder())
    data = engine.client.volumes.create(name=f"overlay-benchmark-{token_hex(4)}")
    try:
        _open_to_all(engine, images, data.name)
        with (
            cluster(engine, images, data=data.name, overlay=False) as bridge,
            cluster(engine, images, data=data.name, overlay=True) as nebula,
        ):
            # Both do, though one table serves them: neither shall have met its first rows later than the other.
            for one in (bridge, nebula):
                one.seconds("make_table")
            say("| work | bridge, s | Nebula, s | ratio of medians |")
            say("|---|---|---|---|")
            return {work: _compared(work, bridge, nebula, runs, say) for work in WORK}
    finally:
        data.remove(force=True)
        engine.close()


def _compared(work: str, bridge: Cluster, nebula: Cluster, runs: int, say: Callable[[str], None]) -> dict[str, object]:
    # Twice unmeasured: classes are loaded and code is compiled.
    for one in (bridge, nebula, bridge, nebula):
        one.seconds(work)
    over_bridge, over_nebula = [], []
    for _ in range(runs):
        over_bridge.append(round(bridge.seconds(work), 2))
        over_nebula.append(round(nebula.seconds(work), 2))
    medians = statistics.median(over_bridge), statistics.median(over_nebula)
    ratio = round(medians[1] / medians[0], 3)
    say(f"| {work} | {medians[0]:.2f} {over_bridge} | {medians[1]:.2f} {over_nebula} | {ratio} |")
    return {"bridge_s": over_bridge, "nebula_s": over_nebula, "ratio": ratio}


def _open_to_all(engine: ContainerEngine, images: Images, volume: str) -> None:
    labels = {"sparecloud.benchmark": volume}
    try:
        opening = engine.client.containers.create(
            images.overlay(),
            ["0777", "/data"],
            entrypoint="chmod",
            user="0:0",
            network_mode="none",
            labels=labels,
            volumes=[f"{volume}:/data"],
        )
        opening.start()
        opening.wait(timeout=_OPEN_WITHIN_S)
    finally:
        engine.remove(labels)
