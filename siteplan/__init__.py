"""siteplan: from a county's GIS layers to road access, water and resettlement answers that a planner signs."""

__version__ = "0.1.0"
