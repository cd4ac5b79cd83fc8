"""What keeps a picture from being drawn and a planner can mend."""

from __future__ import annotations

from siteplan.errors import PlanError


class PictureError(PlanError):
    """The call for a picture is at fault: format, size, layers, theme or extent. The message says what is expected."""


class FontError(PictureError):
    """No font at hand shows the picture's texts: the message names fonts to install, or the characters that lack."""
