"""The plan file as a typed model: sections with their keys, and the paths they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_EPSG = r"^EPSG:\d{4,6}$"

Metres = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LayerPlan(_Section):
    """Where one layer stands and how its columns are to be read."""

    path: str = Field(
        min_length=1,
        description="the file (or a folder of shapefiles, a .gdb folder), relative to the plan file; or a PostGIS "
        "database, `postgresql://user@host/name`, its password in PGPASSWORD or pgpass",
    )
    layer: str | None = Field(
        None, description="which layer, sheet, folder or table, where the file or database holds several"
    )
    query: str | None = Field(None, min_length=1, description="PostGIS: a SELECT in place of a table")
    crs: str | None = Field(
        None,
        pattern=_EPSG,
        description="what the coordinates are in (`EPSG:n`) where the file does not say; "
        "a file that says otherwise wins and the difference is a finding, unless `crs_wins`",
    )
    crs_wins: bool = Field(False, description="whether `crs` is taken although the file says another one")
    swap_xy: bool = Field(False, description="whether x and y are to be swapped, because the file has them swapped")
    datum: Literal["gcj02", "bd09"] | None = Field(
        None, description="the coordinates are those of Chinese web maps and are to be converted to WGS 84"
    )
    encoding: str | None = Field(
        None, description="how text is encoded (`utf-8`, `gb18030`) where the file is wrong or silent"
    )
    columns: dict[str, str] = Field(
        default_factory=dict, description="contract column = source column, where the aliases do not find it"
    )
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="by contract column: word in the file = word to take for it"
    )
    x: str | None = Field(None, description="CSV and XLSX: the column of longitudes or eastings")
    y: str | None = Field(None, description="CSV and XLSX: the column of latitudes or northings")


class PlanSection(_Section):
    """What the plan is called and in which language and CRS it runs."""

    name: str | None = Field(
        None,
        description="names the output folder: letters (Chinese too), digits, - and _; default: the plan file's name",
    )
    title: str | None = Field(None, description="title on map and tables; default: the name")
    title_en: str | None = Field(None, min_length=1, description="title on what is in English; default: the title")
    language: Literal["zh", "en"] = Field("zh", description="language of map, tables and messages")
    country: str | None = Field(
        None, pattern="^[A-Z]{2}$", description='two letters; `CN` makes `crs = "auto"` a CGCS2000 zone'
    )
    crs: str = Field(
        "auto",
        pattern=r"^(auto|EPSG:\d{4,6})$",
        description="projected metric CRS of the run: `EPSG:n`, or `auto`: the CGCS2000 3-degree zone (China) "
        "or UTM zone at the villages' median longitude",
    )

    repairs: str | None = Field(
        "repairs.csv",
        min_length=1,
        description="the table of repairs that `siteplan check` proposes and a planner decides on; obeyed where it is "
        "there",
    )


class LayersSection(_Section):
    """The layers; only villages and roads are compulsory."""

    villages: LayerPlan = Field(description="hamlets, one point a row")
    roads: LayerPlan = Field(description="roads, lines")
    centres: LayerPlan | None = Field(None, description="county, township and village seats; schools, clinics, markets")
    sites: LayerPlan | None = Field(None, description="resettlement sites, polygons or points")
    water_lines: LayerPlan | None = Field(None, description="water pipes")
    water_points: LayerPlan | None = Field(None, description="springs, wells, tanks")
    boundaries: LayerPlan | None = Field(None, description="county, township and village boundaries")
    power_lines: LayerPlan | None = Field(None, description="power lines")
    hazards: LayerPlan | None = Field(None, description="hazard zones")
    farmland: LayerPlan | None = Field(None, description="protected farmland")
    redline: LayerPlan | None = Field(None, description="ecological redline")
    rivers: LayerPlan | None = Field(None, description="rivers, lines or polygons")
    projects: LayerPlan | None = Field(None, description="projects, with or without geometry")


CentreKind = Literal["county", "township", "village", "school", "clinic", "market", "other"]
"""The kinds of centre the layer's contract knows."""


class RoadsSection(_Section):
    """What counts as a road that serves a hamlet; what is not given comes from the profile."""

    profile: str = Field(
        "cn-hamlet",
        min_length=1,
        description="rule profile: a name (`siteplan rules` lists them) or a TOML file of your own, "
        "relative to the plan file",
    )
    access_m: Metres | None = Field(
        None, description="a road within this distance of a hamlet is near (metres, straight line)"
    )
    anchor_m: Metres | None = Field(None, description="a centre stands on every road within this distance (metres)")
    snap_m: Metres | None = Field(None, description="a road end within this distance of another line joins it (metres)")
    suspect_m: Metres | None = Field(
        None, description="ends up to this distance from another line are listed as suspected gaps (metres)"
    )
    anchor_classes: list[str] | None = Field(None, description="road classes that count as the upper network")
    anchor_centres: list[CentreKind] | None = Field(None, description="kinds of centre that count as anchors")
    unknown_surface: Literal["not_hardened", "hardened"] = Field(
        "not_hardened", description="how a road of unknown surface is treated; it is counted apart either way"
    )
    infer_surface: bool = Field(
        False,
        description="whether a road without a surface takes one from its track grade or class "
        "(`siteplan/standards/roads/inferred.toml`); marked as inferred in all outputs",
    )
    use_verified: bool = Field(True, description="whether a verdict verified in the field overrides the computed one")

    @model_validator(mode="after")
    def _suspect_reaches_snap(self) -> RoadsSection:
        if self.snap_m is not None and self.suspect_m is not None and self.suspect_m < self.snap_m:
            raise ValueError(suspect_fault(self.snap_m, self.suspect_m))
        return self


class ReadingSection(_Section):
    """What the process that reads the files may use; by default it depends on the size of the files."""

    seconds: float | None = Field(None, gt=0, allow_inf_nan=False, description="longest time for one layer")
    memory_mb: float | None = Field(None, gt=0, allow_inf_nan=False, description="most memory, in MB")


class WaterSection(_Section):
    """What counts as water that serves a hamlet."""

    profile: str = Field(
        "cn-t-ches-18-2018",
        min_length=1,
        description="rule pack of water: a name (`siteplan rules` lists them) or a TOML file of your own",
    )
    snap_m: Metres = Field(5.0, description="ends of pipes and water points within this distance are joined (metres)")
    suspect_m: Metres = Field(
        30.0, description="ends of pipes up to this distance from another pipe are listed (metres)"
    )
    near_m: Metres = Field(100.0, description="a hamlet within this distance of a pipe draws from it (metres)")
    dem_error_m: float = Field(
        3.0, ge=0, allow_inf_nan=False, description="by how much heights that were not surveyed may be wrong (metres)"
    )
    water_short: bool = Field(False, description="whether the smaller quantities for areas short of water apply")
    quality_decides: bool = Field(
        True,
        description="whether water of unknown quality leaves a hamlet's level unknown; else the level tells of pipes, "
        "head and quantity alone, and rule packs that ask for quality still do not call it safe",
    )
    extensions: bool = Field(
        True, description="whether new pipes are designed for hamlets without water and for chosen sites; needs heights"
    )
    pipes: str | None = Field(
        None,
        min_length=1,
        description="the county's own pipes and prices, a TOML file like siteplan's `water/pipes.toml`",
    )
    budget: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="what may be spent on new pipes, in the currency of the prices"
    )
    most_per_person: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="new pipes that cost more a person are shown, but not chosen"
    )
    no_gravity: Literal["pump", "tap"] = Field(
        "pump", description="what a hamlet gets that gravity does not reach: a pump, or a public tap where one is near"
    )


class TerrainSection(_Section):
    """The ground: heights for the relief under the map, and for what needs slopes."""

    dem: str | list[str] | None = Field(
        None,
        min_length=1,
        description="height files (GeoTIFF, `.hgt`, ...) in metres, one or a list; where the first has a void the next "
        "fills it",
    )


BasemapName = Literal["osm", "tianditu", "tianditu-satellite", "gaode", "gaode-satellite"]
"""The online maps that can be laid beneath the layers."""


class MapSection(_Section):
    """How the map shows the results; by default it asks no host for anything."""

    language: Literal["zh", "en", "both"] | None = Field(
        None, description="language of the map; `both` gives it a switch; default: that of the plan"
    )
    source: str | None = Field(None, min_length=1, description="whose data they are: stands on the printed sheet")
    tiles: str | None = Field(
        None, min_length=1, description="an MBTiles or PMTiles file of raster tiles, carried inside the map"
    )
    basemaps: list[BasemapName] = Field(
        default_factory=list, description="online maps offered beneath the layers; the map then asks their hosts"
    )
    tianditu_key: str | None = Field(
        None,
        pattern=r"^[0-9a-fA-F]{32}$",
        description="your key for Tianditu's maps (console.tianditu.gov.cn, kind: browser)",
    )

    @model_validator(mode="after")
    def _key_where_needed(self) -> MapSection:
        if any(name.startswith("tianditu") for name in self.basemaps) and not self.tianditu_key:
            raise ValueError("tianditu_key: missing; Tianditu's maps need a key: apply for one at "
                             "https://console.tianditu.gov.cn (kind: browser)")  # fmt: skip
        return self


class OutputSection(_Section):
    """Where results go."""

    folder: str | None = Field(
        None,
        min_length=1,
        description="output folder, relative to the plan file; default: `maps/NAME` where siteplan is called",
    )


class Plan(_Section):
    """A whole plan. `root` is the folder the plan file stands in; all its paths are relative to it."""

    plan: PlanSection = Field(default_factory=PlanSection)  # type: ignore[arg-type]
    layers: LayersSection
    roads: RoadsSection = Field(default_factory=RoadsSection)  # type: ignore[arg-type]
    reading: ReadingSection = Field(default_factory=ReadingSection)  # type: ignore[arg-type]
    water: WaterSection = Field(default_factory=WaterSection)  # type: ignore[arg-type]
    terrain: TerrainSection = Field(default_factory=TerrainSection)  # type: ignore[arg-type]
    map: MapSection = Field(default_factory=MapSection)  # type: ignore[arg-type]
    output: OutputSection = Field(default_factory=OutputSection)  # type: ignore[arg-type]
    root: Path

    @property
    def name(self) -> str:
        """The plan's name, which is also the output folder's."""
        return self.plan.name or "plan"

    @property
    def title(self) -> str:
        """The title for map and tables."""
        return self.title_in(self.language)

    def title_in(self, language: Literal["zh", "en"]) -> str:
        """The title for what is in a language."""
        own = self.plan.title_en if language == "en" else None
        return own or self.plan.title or self.name

    @property
    def language(self) -> Literal["zh", "en"]:
        """The language of the outputs."""
        return self.plan.language

    @property
    def country(self) -> str | None:
        """The country, two letters, if the plan says one."""
        return self.plan.country

    @property
    def crs(self) -> str:
        """`auto` or `EPSG:n`."""
        return self.plan.crs

    def layer(self, name: str) -> LayerPlan | None:
        """The plan of one layer, None when the plan does not give it.

        Raises
        ------
        KeyError
            If no layer is called so.
        """
        if name not in LAYER_NAMES:
            raise KeyError(name)
        found: LayerPlan | None = getattr(self.layers, name)
        return found

    def layer_path(self, name: str) -> Path | None:
        """The file of one layer as a full path, None when the plan does not give the layer."""
        layer = self.layer(name)
        return None if layer is None else self.root / layer.path

    def repairs_path(self) -> Path | None:
        """The table of repairs as a full path (it need not exist), None when the plan takes none."""
        return None if self.plan.repairs is None else self.root / self.plan.repairs

    def profile_path(self) -> Path | None:
        """The profile's TOML file as a full path, None when the profile is one of siteplan's own."""
        return self.root / self.roads.profile if self.roads.profile.endswith(".toml") else None

    def dem_paths(self) -> tuple[Path, ...]:
        """The height files as full paths."""
        given = self.terrain.dem
        return tuple(self.root / one for one in ([given] if isinstance(given, str) else given or []))

    def map_languages(self) -> tuple[Literal["zh", "en"], ...]:
        """The languages of the map, the one it opens in ahead: the plan's own, where it has both."""
        own = self.map.language or self.language
        if own != "both":
            return (own,)
        return ("zh", "en") if self.language == "zh" else ("en", "zh")

    def output_folder(self) -> Path | None:
        """The output folder as a full path, None when the plan does not say."""
        return None if self.output.folder is None else self.root / self.output.folder


LAYER_NAMES: tuple[str, ...] = tuple(LayersSection.model_fields)
"""The layers a plan may name, in order."""


def suspect_fault(snap_m: object, suspect_m: object) -> str:
    return f"suspect_m: found {suspect_m:g}; expected at least snap_m, which is {snap_m:g}"


def is_database(path: str) -> bool:
    """Whether a layer's path is the address of a database."""
    return path.startswith(("postgresql://", "postgres://"))
