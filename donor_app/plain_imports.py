"""Qt for Python without its search through the source of every module that is imported after it.

PySide6 looks there for the name PySide6, for the sake of `from __feature__ import ...`, which this application never
says; the text of every module so read stays in memory (26 MiB of it), and each import takes a third longer.
"""

import builtins


def import_plainly() -> None:
    """Import PySide6, and take its search out of the import statement again. Call before anything else needs Qt."""
    import PySide6.QtCore  # noqa: F401

    # Kept there by PySide6 itself. Where a later version does not, its search goes on, and nothing else changes.
    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
