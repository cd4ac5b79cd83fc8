"""Errors for planners: which layer, which features, what was expected, what to do.

Each error knows its exit code, so the command line prints the message and ends; only a bug shows a traceback.
"""

from __future__ import annotations

from collections.abc import Sequence


class SiteplanError(Exception):
    """Something the user can mend. The message is the whole story, in one or a few lines."""

    exit_code = 2


class PlanError(SiteplanError, ValueError):
    """The plan file or the call is at fault: the message lists every fault with its key's path."""


class LayerError(SiteplanError, ValueError):
    """A layer cannot be used as given: the message names the layer, the first features, their count and the cure.

    `proposals`: repairs (`siteplan.layers.repairs.Repair`) that would mend it, once a planner accepts them.
    """

    def __init__(self, message: str, *, proposals: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.proposals = tuple(proposals)


class OutputLockedError(SiteplanError):
    """Another run holds the output folder."""

    exit_code = 3


class OutputWriteError(SiteplanError, OSError):
    """The output cannot be written (disk full, read-only, not a folder of ours)."""

    exit_code = 4
