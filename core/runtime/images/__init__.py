"""Images: built on this machine from the recipes beside this file, and the only ones that may ever run.

Nothing is pulled ready-made, so there is no publisher to trust: the allow-list is what was built here. `Images.ensure`
builds once; `Images.allowed` names the image a renter's work runs in and `Images.overlay` the one that networks it, by
their ids and never by a tag that somebody could move.
"""

from core.runtime.images.allowed import ImageRef, Images

__all__ = ["ImageRef", "Images"]
