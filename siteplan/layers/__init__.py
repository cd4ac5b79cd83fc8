"""Files to clean layers and back: the only room that opens GIS files."""
