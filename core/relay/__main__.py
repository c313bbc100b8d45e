"""`python -m core.relay`: build the relay's Nebula on this machine, once."""

import sys

from core.errors import SparecloudError
from core.membership import images_folder
from core.relay.program import program


def main() -> int:
    """Build, and return the exit code."""
    try:
        program(images_folder(), lambda sentence: print(sentence, flush=True))
    except SparecloudError as refusal:
        print(refusal, file=sys.stderr)
        return refusal.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
