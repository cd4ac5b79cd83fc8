"""The layers of an OpenStreetMap extract as one GeoPackage and a plan that runs as it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from siteplan.errors import PlanError
from siteplan.layers.contract import contract, contracts
from siteplan.layers.osm.tables import OsmExtract
from siteplan.layers.osm.tally import MENDED, REASONS, OsmCounts
from siteplan.layers.writing import write_gpkg
from siteplan.outfolder import writing

GEOPACKAGE, PLAN = "osm.gpkg", "plan.toml"
ATTRIBUTION = "© OpenStreetMap contributors"

_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_ABOUT = {
    "boundaries": "admin_level 6 was read as county, 7 and 8 as township, 9 and 10 as village; in this country it may "
    "differ: correct the column kind",
    "farmland": "farmland as mapped: nothing says which of it is protected by law",
    "redline": "protected areas as mapped: nothing says which of them are an ecological redline by law",
    "hazards": "what OpenStreetMap happens to hold of scree, landslides and floods: no hazard survey",
    "centres": "a town hall was taken as a village seat, a town as a township seat, a city as a county seat",
}
"""What a planner must know of a layer before leaning on it."""

_MOST_TAGS = 6


def write_osm_county(extract: OsmExtract, folder: Path, *, source_name: str, title: str | None = None) -> Path:
    """Write the extract's layers (`osm.gpkg`) and `plan.toml` into a folder, which is made where it is missing.

    Parameters
    ----------
    extract
        What `read_osm` gave.
    folder
        Where to; neither file may be there yet.
    source_name
        The extract's file name, told in the plan.
    title
        The plan's title, to which the attribution is added; default: the extract's name without its endings.

    Returns
    -------
    Path
        The plan file. Its language is Chinese where most names are, else English.

    Raises
    ------
    PlanError
        A file of that name exists; nothing was touched.
    OutputWriteError
        The files cannot be written.
    """
    plan = folder / PLAN
    for target in (plan, folder / GEOPACKAGE):
        if target.exists():
            raise PlanError(f"{target} exists already; it was not touched")
    ordered = {name: extract.tables[name] for name in contracts() if name in extract.tables}
    text = plan_text(extract, name=folder.resolve().name, source_name=source_name, title=title)
    with writing(plan):
        folder.mkdir(parents=True, exist_ok=True)
        write_gpkg(folder / GEOPACKAGE, ordered)
        # Last, so that a plan never stands without its layers.
        plan.write_text(text, encoding="utf-8", newline="\n")
    return plan


def plan_text(extract: OsmExtract, *, name: str, source_name: str, title: str | None = None) -> str:
    """The plan file's text: runs as it stands; its comments hold licence, date and the accounting of every layer."""
    chinese = _mainly_chinese(extract.tables)
    plan_name = re.sub(r"[^\w-]", "_", name)[:80] or "osm"
    # The licence asks for the name on every map made of the data; the title stands on all of them.
    shown = f"{title or source_name.removesuffix('.pbf').removesuffix('.osm')} ({ATTRIBUTION})"
    lines = [
        f"# Made from the OpenStreetMap extract {_comment(source_name)} by `siteplan new --osm`.",
        f"# Date of the data: {_comment(extract.timestamp) or 'the extract does not say'}.",
        f"# Data {ATTRIBUTION}, ODbL 1.0: name them wherever a map or table of this plan is shown.",
        "",
        "[plan]",
        f"name = {_quoted(plan_name)}",
        f"title = {_quoted(shown)}",
        f'language = "{"zh" if chinese else "en"}"',
        'crs = "auto"',
        *(['# country = "CN"  # in China: the run takes a CGCS2000 zone'] if chinese else []),
        "",
        "[roads]",
        'profile = "osm"',
        "# A road without the tag surface is of unknown surface and does not count as hardened. This takes the surface",
        "# of such roads from their track grade or class, marked as inferred in all outputs:",
        "# infer_surface = true",
        *_surface_lines(extract.tables["roads"]),
        "",
    ]
    counts = {own.layer: own for own in extract.counts}
    for layer in contracts():
        if layer in extract.tables:
            lines += [*_layer_lines(extract.tables[layer], counts[layer]), ""]
    for layer, own in counts.items():
        if layer not in extract.tables:
            what = (
                f"{contract(layer).en}: none" if not own.seen else f"{contract(layer).en}: {own.seen} seen, none kept"
            )
            lines += [f"# {what}", *_accounting(own)]
    never = [contract(layer).en for layer in contracts() if layer not in counts]
    lines.append(f"# Not in OpenStreetMap, give your own: {', '.join(never)}")
    return "\n".join(lines) + "\n"


def _layer_lines(table: gpd.GeoDataFrame, counts: OsmCounts) -> list[str]:
    layer = counts.layer
    tags = table["osm_tag"].value_counts(sort=False)
    tags = tags.iloc[sorted(range(len(tags)), key=lambda i: (-tags.iloc[i], tags.index[i]))]
    shown = [f"{tag} {n}" for tag, n in tags.head(_MOST_TAGS).items()]
    if len(tags) > _MOST_TAGS:
        shown.append(f"{len(tags) - _MOST_TAGS} more")
    lines = [
        f"# {contract(layer).en}: {counts.rows} rows of {counts.kept} objects ({_comment(', '.join(shown))})",
        *_accounting(counts),
    ]
    if layer in _ABOUT:
        lines.append(f"#   {_ABOUT[layer]}")
    return [*lines, f"[layers.{layer}]", f'path = "{GEOPACKAGE}"', f'layer = "{layer}"']


def _accounting(counts: OsmCounts) -> Iterable[str]:
    for reason, n in counts.dropped.items():
        yield f"#   left out, {n}: {REASONS[reason]}"
    for what, n in counts.mended.items():
        yield f"#   changed, {n}: {MENDED[what]}"
    for column, n in counts.unread.items():
        yield f"#   column {column}: {n} values could not be read and are unknown"
    if counts.left_out:
        told = ", ".join(f"{tag} {n}" for tag, n in counts.left_out.items())
        yield f"#   ways that are none of this layer: {_comment(told)}"


def _surface_lines(roads: gpd.GeoDataFrame) -> list[str]:
    """How much of the roads has a surface said: whoever reads the result must know it."""
    km = _geodesic_km(roads)
    said = (roads["surface"] != "").to_numpy(dtype=bool)
    total = float(km.sum())
    share = 100.0 * float(km[said].sum()) / total if total else 0.0
    return [f"# Here {share:.0f} % of {total:.0f} km have a surface."]


def _geodesic_km(lines: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Lengths on the WGS 84 ellipsoid, kilometres: an extract may span many zones."""
    points, line = shapely.get_coordinates(lines.geometry.to_numpy(), return_index=True)
    _, _, metres = pyproj.Geod(ellps="WGS84").inv(*points[:-1].T, *points[1:].T)
    same = line[:-1] == line[1:]
    return np.bincount(line[:-1][same], weights=metres[same], minlength=len(lines)) / 1000.0


def _mainly_chinese(tables: Mapping[str, gpd.GeoDataFrame]) -> bool:
    """Whether most named villages and roads have Chinese names (Japanese ones hold kana among them)."""
    names = pd.concat([tables[layer]["name"] for layer in ("villages", "roads")])
    names = names[names != ""]
    han, kana = names.str.contains(_HAN).mean(), names.str.contains(_KANA).mean()
    return bool(han > 0.5 and kana < 0.02)


def _quoted(text: str) -> str:
    """Text as a TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    """Text that stays within one comment: TOML allows no control characters there."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()
