"""Results as files a planner opens: workbook, GeoPackage styles, run record."""
