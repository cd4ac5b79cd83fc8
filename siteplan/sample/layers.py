"""The made county as layers: one table each, with the columns that siteplan's contracts name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.sample.faults import COLUMNS as FAULT_COLUMNS
from siteplan.sample.faults import Fault
from siteplan.sample.grid import CRS, GEOGRAPHIC_CRS, rounded_mm
from siteplan.sample.names import COUNTY, TOWNSHIPS, river_name
from siteplan.sample.rivers import River
from siteplan.sample.settlements import Settlements
from siteplan.sample.surfaces import Section


def layer(rows: Sequence[Mapping[str, object]], shapes: Sequence[shapely.Geometry]) -> gpd.GeoDataFrame:
    """Rows with their shapes as a layer in the county's CRS, coordinates to the millimetre."""
    whole = shapely.transform(np.asarray(shapes, dtype=object), rounded_mm)
    return gpd.GeoDataFrame(pd.DataFrame(list(rows)), geometry=list(whole), crs=CRS)


def villages(placed: Settlements) -> gpd.GeoDataFrame:
    """Hamlets, points in degrees (nine decimals: a tenth of a millimetre)."""
    rows = [
        {
            "id": f"H{n + 1:04d}", "name": h.name, "name_en": h.name_en, "village": placed.village_names[h.village][0],
            "village_en": placed.village_names[h.village][1], "township": TOWNSHIPS[h.township][0],
            "township_en": TOWNSHIPS[h.township][1], "households": h.households, "people": h.people,
            "relocate_households": h.relocate_households, "relocate_people": h.relocate_people,
            "livestock": h.livestock,
        }
        for n, h in enumerate(placed.hamlets)
    ]  # fmt: skip
    points = layer(rows, [shapely.Point(h.x, h.y) for h in placed.hamlets]).to_crs(GEOGRAPHIC_CRS)
    return points.set_geometry(gpd.GeoSeries(list(shapely.transform(
        np.asarray(points.geometry), lambda c: np.rint(c * 1e9) / 1e9)), crs=GEOGRAPHIC_CRS))  # fmt: skip


def roads(sections: Sequence[Section]) -> gpd.GeoDataFrame:
    """Road rows, lines; surface, class and status in the words of a county's file."""
    rows = [
        {
            "id": s.id, "name": s.name, "name_en": s.name_en, "surface": s.surface, "road_class": s.road_class,
            "width_m": s.width_m, "subgrade_m": s.subgrade_m, "status": s.status, "open_months": s.open_months,
            "bridge": s.bridge, "tunnel": False, "level": s.level, "duplicate": False,
        }
        for s in sections
    ]  # fmt: skip
    return layer(rows, [s.line for s in sections])


def rivers(found: Sequence[River]) -> gpd.GeoDataFrame:
    """Rivers, each a line from head to mouth; kind 河 (100 km2 and more) or 溪."""
    rows = []
    for n, river in enumerate(found):
        name, name_en = river_name(n)
        km2 = float(river.drained_km2[-1])
        rows.append({"id": f"R{n + 1:03d}", "name": name, "name_en": name_en, "kind": "河" if km2 >= 100.0 else "溪",
                     "drained_km2": round(km2, 1)})  # fmt: skip
    return layer(rows, [river.line for river in found])


def planted(faults: Sequence[Fault]) -> pd.DataFrame:
    """The planted faults as a table (columns: `faults.COLUMNS`)."""
    rows = [[f.kind, f.layer, ";".join(f.ids), f.x, f.y, f.size_m, f.report] for f in faults]
    return pd.DataFrame(rows, columns=list(FAULT_COLUMNS))


def county_name() -> tuple[str, str]:
    """Chinese and romanised name of the county."""
    return COUNTY
