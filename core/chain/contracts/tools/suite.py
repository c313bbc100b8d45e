"""What the contract tools share: which contracts there are, and how forge is run on them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OWN = ("Coin", "Sale", "Vault", "Leases", "Trials", "Court")
FORGE = ROOT / "node_modules/@foundry-rs/forge-linux-amd64/bin"


def asked() -> tuple[str, ...]:
    """The contracts named on the command line, or all; ends the program on a name that is none."""
    names = tuple(word for word in sys.argv[1:] if not word.startswith("-"))
    for name in names:
        if name not in OWN:
            sys.exit(f"{name} is none of {', '.join(OWN)}")
    return names or OWN


def environment(contract: str, purpose: str, root: Path = ROOT) -> dict[str, str]:
    """The environment in which forge compiles one contract's tests alone, into a folder of their own."""
    cache = root / ".cache/forge" / contract
    return os.environ | {
        "FOUNDRY_SRC": f"test/{contract}",
        "FOUNDRY_TEST": f"test/{contract}",
        "FOUNDRY_OUT": str(cache / f"out{purpose}"),
        "FOUNDRY_CACHE_PATH": str(cache / f"cache{purpose}"),
    }


def shipped(contract: str) -> dict[str, str]:
    """The environment in which the tests run the very bytes that build.mjs makes."""
    return environment(contract, "-shipped") | {"FOUNDRY_PROFILE": "shipped"}


def forge(*words: str, env: dict[str, str], root: Path = ROOT, timeout_s: float = 1800) -> tuple[bool, str]:
    """Runs forge; whether it succeeded, and all that it printed. Raises TimeoutExpired after `timeout_s`."""
    done = subprocess.run(
        [FORGE / "forge", *words],
        cwd=root,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return done.returncode == 0, done.stdout
