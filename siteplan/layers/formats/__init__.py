"""The formats planners have: which file is which, and the reader of each.

Everything here runs in the reading process (`siteplan.layers.reader`): a file may be hostile or broken.
"""

from __future__ import annotations

from pathlib import Path

from siteplan.errors import LayerError
from siteplan.layers.formats.filelayer import FileLayer, Request

FORMATS = {
    ".gpkg": "GeoPackage",
    ".shp": "Shapefile",
    ".zip": "zipped Shapefile or File Geodatabase",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".kml": "KML",
    ".kmz": "KMZ",
    ".fgb": "FlatGeobuf",
    ".parquet": "GeoParquet",
    ".geoparquet": "GeoParquet",
    ".dxf": "DXF",
    ".csv": "CSV",
    ".txt": "CSV",
    ".xlsx": "Excel",
    ".gdb": "File Geodatabase",
}
"""File ending -> format that can be read. A folder is a File Geodatabase (.gdb) or a folder of shapefiles."""

_HINTS = {
    ".xls": "open it in Excel and save it as .xlsx",
    ".dwg": "save it as .dxf from the drawing program",
    ".mdb": "export its layers to a GeoPackage or a File Geodatabase",
    ".rar": "unpack it and name the file in it",
    ".7z": "unpack it and name the file in it",
    ".tab": "export it to a GeoPackage or a shapefile",
    ".mif": "export it to a GeoPackage or a shapefile",
    ".dbf": "name the .shp beside it",
    ".shx": "name the .shp beside it",
}


def read_file(request: Request, folder: Path) -> FileLayer:
    """One layer as it stands in its file, the file checked and read from a private copy in `folder` (empty).

    Raises
    ------
    LayerError
        The file cannot be read whole, or its format is not known.
    """
    # Each format's reader is imported when a file of it is met: a run pays for what it reads.
    path, ending = request.path, _ending(request.path)
    try:
        if path.is_dir() and ending != ".gdb":
            from siteplan.layers.formats.shapefiles import read_folder

            return read_folder(request, folder)
        if ending not in FORMATS:
            raise _unknown_format(request)
        if ending == ".gpkg":
            from siteplan.layers.formats.geopackages import read_geopackage

            return read_geopackage(request, folder)
        if ending == ".shp":
            from siteplan.layers.formats.shapefiles import read_shapefile

            return read_shapefile(request, folder)
        if ending == ".zip":
            from siteplan.layers.formats.archives import read_zip

            return read_zip(request, folder)
        if ending in (".geojson", ".json"):
            from siteplan.layers.formats.geojson import read_geojson

            return read_geojson(request, folder)
        if ending in (".kml", ".kmz"):
            from siteplan.layers.formats.kml import read_kml

            return read_kml(request, folder)
        if ending == ".fgb":
            from siteplan.layers.formats.flatgeobuf import read_flatgeobuf

            return read_flatgeobuf(request, folder)
        if ending in (".parquet", ".geoparquet"):
            from siteplan.layers.formats.geoparquet import read_geoparquet

            return read_geoparquet(request, folder)
        if ending == ".dxf":
            from siteplan.layers.formats.dxf import read_dxf

            return read_dxf(request, folder)
        if ending == ".gdb":
            from siteplan.layers.formats.filegdb import read_filegdb

            return read_filegdb(request, folder)
        if ending == ".xlsx":
            from siteplan.layers.formats.workbooks import read_xlsx

            return read_xlsx(request, folder)
        from siteplan.layers.formats.csvfiles import read_csv

        return read_csv(request, folder)
    except LayerError:
        raise
    except PermissionError as error:
        raise LayerError(f"{request.contract}: permission denied for {request.told}; make the file readable") from error
    except OSError as error:
        raise LayerError(f"{request.contract}: {request.told} cannot be read: {error.strerror or error}") from error


def layers_in(request: Request, folder: Path) -> list[str]:
    """The layers, sheets or members that a file holds, by name, in its order; one empty name for a file of one layer.

    Raises
    ------
    LayerError
        The file cannot be opened.
    """
    path, ending = request.path, _ending(request.path)
    if path.is_dir() and ending != ".gdb":
        from siteplan.layers.formats.shapefiles import shapefiles_in

        return shapefiles_in(path)
    if ending == ".gpkg":
        from siteplan.layers.formats.geopackages import layer_names

        return layer_names(request, folder)
    if ending == ".zip":
        from siteplan.layers.formats.archives import members

        return members(request, folder)
    if ending in (".kml", ".kmz"):
        from siteplan.layers.formats.kml import folder_names

        return folder_names(request, folder)
    if ending == ".gdb":
        from siteplan.layers.formats.filegdb import table_names

        return table_names(request, folder)
    if ending == ".dxf":
        from siteplan.layers.formats.dxf import drawing_layers

        return drawing_layers(request, folder)
    if ending == ".xlsx":
        from siteplan.layers.formats.workbooks import sheet_names

        return sheet_names(request, folder)
    return [""]


def is_source(path: Path) -> bool:
    """Whether a file or folder looks by its ending like something that can be read."""
    ending = _ending(path)
    return ending in FORMATS and (path.is_dir() if ending == ".gdb" else path.is_file())


def _ending(path: Path) -> str:
    return path.suffix.lower()


def _unknown_format(request: Request) -> LayerError:
    ending = _ending(request.path)
    cure = _HINTS.get(ending, f"expected one of {', '.join(FORMATS)}")
    return LayerError(f"{request.contract}: {request.told} has the unknown format {ending!r}; {cure}")
