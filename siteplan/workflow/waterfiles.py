"""What a run writes of water: tables of the GeoPackage, sheets, the file for EPANET."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from siteplan.errors import LayerError
from siteplan.language import Texts
from siteplan.layers.layerset import LayerSet
from siteplan.pictures.headprofile import draw_head_profiles
from siteplan.reports.extensionsheets import extension_sheets as extension_sheets_of
from siteplan.reports.watersheets import water_sheets as sheets_of
from siteplan.reports.workbook import Sheet
from siteplan.water.hydraulics import peak_demand
from siteplan.water.inpfile import write_inp as write_network
from siteplan.workflow.extending import ExtensionAnswer
from siteplan.workflow.projectprofiles import project_profiles
from siteplan.workflow.watering import WaterAnswer
from siteplan.workflow.waterprofiles import water_profiles


def water_tables(water: WaterAnswer, villages: gpd.GeoDataFrame) -> dict[str, pd.DataFrame]:
    """The villages with their water, the network's links with what EPANET says of them, and its nodes."""
    flows, heads = water.hydraulics.links, water.hydraulics.nodes
    links = water.network.links.assign(
        reached=water.reach.links["reached"].to_numpy(),
        **{name: flows[name].to_numpy() for name in ("flow_lps", "velocity_mps", "static_m", "pipe_class")},
    )
    nodes = water.network.nodes.assign(**{name: heads[name].to_numpy() for name in ("pressure_m", "static_m")})
    return {
        "villages": water.on_villages(villages),
        "water_network": links.drop(columns=["row"]),
        "water_nodes": nodes.drop(columns=["row"]),
    }


def water_sheets(water: WaterAnswer, layers: LayerSet, texts: Texts) -> list[Sheet]:
    """The sheets of water."""
    coverage = water.coverage
    return sheets_of(layers.table("villages"), water.service.table, coverage.places, coverage.levels, texts)


def extension_tables(extensions: ExtensionAnswer, villages: gpd.GeoDataFrame, texts: Texts) -> dict[str, pd.DataFrame]:
    """The villages with their project, and the projects' pipes and works."""
    tables: dict[str, pd.DataFrame] = {"villages": extensions.on_villages(villages, texts)}
    if extensions.proposal is not None:
        tables |= {"water_extensions": extensions.pipes, "water_extension_works": extensions.works}
    return tables


def extension_sheets(extensions: ExtensionAnswer, texts: Texts) -> list[Sheet]:
    """The sheets of new projects; none where nothing could be designed."""
    if extensions.proposal is None:
        return []
    figures = extensions.proposal.design.figures
    return extension_sheets_of(
        figures, extensions.projects, extensions.pipes, extensions.works, extensions.hamlets,
        extensions.catalogue.currency, texts,
    )  # fmt: skip


def write_profiles(
    path: Path,
    water: WaterAnswer,
    extensions: ExtensionAnswer | None,
    layers: LayerSet,
    texts: Texts,
    *,
    title: str,
    most: int,
) -> None:
    """Heads from source to hamlet as a document, of old lines and of chosen projects; none where no line is worth a
    picture. `most` of each."""
    profiles = water_profiles(water, layers.table("villages"), water.ground, texts, most=most)
    if extensions is not None:
        profiles += project_profiles(extensions, texts, most=most)
    if profiles:
        draw_head_profiles(path, profiles, texts, title=title)


def write_inp(path: Path, water: WaterAnswer) -> None:
    """The network at the peak hour for EPANET; not where there is nothing to compute: the findings say why."""
    required = float(water.hydraulics.parameters["required_m"])  # type: ignore[arg-type]
    try:
        write_network(water.network, water.reach, peak_demand(water.network, water.demands), path, required_m=required)
    except LayerError:
        path.unlink(missing_ok=True)
