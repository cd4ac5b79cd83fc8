"""A `MapPage` -> a still picture for print and documents: PNG, SVG or PDF, the same bytes for the same page.

Importing this room is cheap; matplotlib comes with the first picture, and never its pyplot.
"""

from siteplan.pictures.faults import FontError, PictureError
from siteplan.pictures.files import draw_picture

__all__ = ["FontError", "PictureError", "draw_picture"]
