"""The owner's settings as a text of their own: what is exported, imported, and checked before it is saved."""

from pathlib import Path

from core.errors import InvalidInput
from core.owner import Donor
from core.settings import Settings, parse, text


def checked(donor: Donor) -> Donor:
    """`donor`, held to every bound that the settings file has. Raises InvalidInput."""
    return parse(text(Settings(donor=donor)), "This form").donor


def donor_table(donor: Donor) -> str:
    """The [donor] table alone, as TOML: no address of a market goes with it."""
    tables = text(Settings(donor=donor)).split("\n\n")
    return "\n\n".join(table.strip() for table in tables if table.lstrip().startswith(("[donor]", "[donor."))) + "\n"


def export_to(path: Path, donor: Donor) -> None:
    """Write `donor` to a file of the owner's choice. Raises InvalidInput where that cannot be written."""
    try:
        path.write_text(donor_table(donor), "utf-8")
    except OSError as refused:
        raise InvalidInput(f"{path} cannot be written: {refused}.", "Choose another place.") from refused


def import_from(path: Path) -> Donor:
    """The [donor] table of the file at `path`; what it leaves out is the default. Raises InvalidInput."""
    try:
        found = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise InvalidInput(f"{path} cannot be read: {unreadable}.", "Choose another file.") from unreadable
    return parse(found, str(path)).donor
