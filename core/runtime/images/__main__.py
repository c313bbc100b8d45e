"""`python -m core.runtime.images [FOLDER]`: build the images on this machine, once."""

import asyncio
import sys
import time
from pathlib import Path

import platformdirs

from core.errors import SparecloudError
from core.runtime.container_engine import ContainerEngine
from core.runtime.images import Images


def main() -> int:
    """Build, say what was built and how long it took, and return the exit code."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else platformdirs.user_cache_path("sparecloud") / "images"
    engine = ContainerEngine()
    began = time.monotonic()
    try:
        images = asyncio.run(Images(engine, folder).ensure(lambda sentence: print(sentence, flush=True)))
    except SparecloudError as refusal:
        print(refusal, file=sys.stderr)
        return refusal.exit_code
    finally:
        engine.close()
    for image in images:
        print(f"{image.tag} is ready as {image.digest} after {time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
