"""Which of GDAL's drivers may open a planner's file: an allow-list, and everything else told to stay away."""

from __future__ import annotations

DRIVERS = {
    "ESRI Shapefile": "Shapefile",
    "GPKG": "GeoPackage",
    "GeoJSON": "GeoJSON",
    "LIBKML": "KML",
    "FlatGeobuf": "FlatGeobuf",
    "OpenFileGDB": "File Geodatabase",
}
"""GDAL's name of every driver the readers use -> the format's name."""

_HARMLESS = frozenset({"MEM", "Memory"})
"""Drivers that open no file."""

_KNOWN_OTHERS = (
    "PCIDSK", "PDS4", "VICAR", "PDF", "MBTiles", "EEDA", "OGCAPI", "GDALG", "MapInfo File", "LVBAG", "S57", "DGN",
    "OGR_VRT", "CSV", "GML", "GPX", "KML", "GeoJSONSeq", "ESRIJSON", "TopoJSON", "OGR_GMT", "GMT", "SQLite", "WAsP",
    "DXF", "GeoRSS", "VFK", "PGDUMP", "OSM", "GPSBabel", "OGR_PDS", "WFS", "OAPIF", "EDIGEO", "Idrisi", "ODS", "XLSX",
    "Elasticsearch", "Carto", "AmigoCloud", "SXF", "Selafin", "JML", "PLSCENES", "CSW", "VDV", "MVT", "NGW", "MapML",
    "GTFS", "PMTiles", "JSONFG", "MiraMonVector", "ADBC", "AVCBin", "AVCE00", "AIVector", "HTTP", "FileGDB", "PGeo",
    "MSSQLSpatial", "PostgreSQL", "MySQL", "ODBC", "OCI", "GMLAS", "CAD", "XLS", "Parquet", "Arrow", "GRASS", "NAS",
    "LIBXML", "XODR", "netCDF", "HDF4", "HDF5", "Walk", "SOSI", "DWG", "Hana", "IDB", "INGRES", "MongoDBv3", "UK .NTF",
    "SDTS", "TIGER", "REC", "Geoconcept", "GPSTrackMaker", "OpenAir", "SUA", "SEGUKOOA", "SEGY", "SVG", "ARCGEN",
    "HTF", "AeronavFAA", "CouchDB", "Cloudant", "Interlis 1", "Interlis 2", "BNA", "XPlane", "CartoDB", "WEBMAP",
)  # fmt: skip
"""The other drivers of the GDAL builds known today. A driver that is not here is found at the start and named then."""


def gdal_environment(skipped: tuple[str, ...] = ()) -> dict[str, str]:
    """Environment for a process that is to read with the allowed drivers only; takes effect before GDAL loads."""
    away = ",".join([*_KNOWN_OTHERS, *skipped])
    return {
        "GDAL_SKIP": away,
        "OGR_SKIP": away,
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none",
        "CPL_VSIL_CURL_USE_HEAD": "NO",
        "GDAL_HTTP_MAX_RETRY": "0",
        "GDAL_PAM_ENABLED": "NO",
        "OGR_SQLITE_LIST_VIRTUAL_OGR": "NO",
        "SHAPE_RESTORE_SHX": "NO",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def unexpected(there: list[str]) -> tuple[str, ...]:
    """Drivers that are loaded though nothing here uses them."""
    return tuple(sorted(set(there) - set(DRIVERS) - _HARMLESS))
