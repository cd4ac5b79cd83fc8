"""A `MapPage` -> a still picture for print and documents: PNG, SVG or PDF, the same bytes for the same page.

matplotlib is imported with the first picture, pyplot never; its settings are afterwards as they were.
"""

from siteplan.pictures.faults import FontError, PictureError
from siteplan.pictures.files import draw_picture, picture_format

__all__ = ["FontError", "PictureError", "draw_picture", "picture_format"]
