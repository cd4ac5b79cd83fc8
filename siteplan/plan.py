"""The plan file as a typed model: which layers, which columns, which rules, where to.

`load_plan` reads a TOML file and names every fault at once; `plan_from_files` makes the same model from a call
without a plan file. Nothing here opens a layer.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from siteplan.errors import PlanError

_NAME = re.compile(r"[\w-]{1,80}")
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
            raise ValueError(_suspect_fault(self.snap_m, self.suspect_m))
        return self


class ReadingSection(_Section):
    """What the process that reads the files may use; by default it depends on the size of the files."""

    seconds: float | None = Field(None, gt=0, allow_inf_nan=False, description="longest time for one layer")
    memory_mb: float | None = Field(None, gt=0, allow_inf_nan=False, description="most memory, in MB")


class TerrainSection(_Section):
    """The ground: heights for the relief under the map, and for what needs slopes."""

    dem: str | list[str] | None = Field(
        None,
        min_length=1,
        description="height files (GeoTIFF, `.hgt`, ...) in metres, one or a list; where the first has a void the next "
        "fills it",
    )


class MapSection(_Section):
    """How the map shows the results; by default it asks no host for anything."""

    language: Literal["zh", "en", "both"] | None = Field(
        None, description="language of the map; `both` gives it a switch; default: that of the plan"
    )
    source: str | None = Field(None, min_length=1, description="whose data they are: stands on the printed sheet")
    tiles: str | None = Field(
        None, min_length=1, description="an MBTiles or PMTiles file of raster tiles, carried inside the map"
    )
    basemaps: list[str] = Field(
        default_factory=list,
        description="online maps offered beneath the layers: `osm`, `tianditu`, `tianditu-satellite`, `gaode`, "
        "`gaode-satellite`; the map then asks their hosts",
    )
    tianditu_key: str | None = Field(None, description="your key for Tianditu, 32 letters and digits")


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


@dataclass(frozen=True)
class KeyDoc:
    """One key of the plan file, for the manual: dotted path, what it takes, its default and what it means."""

    key: str
    takes: str
    default: str
    meaning: str


def plan_keys() -> list[KeyDoc]:
    """Every key of the plan file in order; `layers.NAME.…` stands for each layer."""
    return [
        *_docs("plan", PlanSection),
        *_docs("layers.NAME", LayerPlan),
        *_docs("roads", RoadsSection),
        *_docs("reading", ReadingSection),
        *_docs("terrain", TerrainSection),
        *_docs("map", MapSection),
        *_docs("output", OutputSection),
    ]


def load_plan(path: str | Path) -> Plan:
    """Read a plan file.

    Raises
    ------
    PlanError
        Listing every fault: key path, what was found, what was expected; for broken TOML the line.
    """
    file = Path(path)
    try:
        text = file.read_bytes().decode("utf-8-sig")
        data = tomllib.loads(text)
    except OSError as error:
        raise PlanError(
            f"{file}: the plan file cannot be read ({error.strerror}); give the path of a TOML file"
        ) from error
    except UnicodeDecodeError as error:
        raise PlanError(
            f"{file}: the plan file is not UTF-8 (byte {error.start}); save it with encoding UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"{file}: not valid TOML: {error}") from error
    return _checked(data, root=file.resolve().parent, stem=file.stem, told=str(file))


def plan_from_files(
    *,
    villages: str | Path,
    roads: str | Path,
    sites: str | Path | None = None,
    water_lines: str | Path | None = None,
    centres: str | Path | None = None,
    language: str = "zh",
    name: str = "plan",
    title: str | None = None,
    country: str | None = None,
    crs: str = "auto",
    profile: str | None = None,
    **further: str | Path | None,
) -> Plan:
    """The plan of a call without a plan file: layer files by name, relative to the working folder.

    `further` takes the other layers (`boundaries=...`, `rivers=...`).

    Raises
    ------
    PlanError
        As `load_plan`.
    """
    files = {"villages": villages, "roads": roads, "sites": sites, "water_lines": water_lines, "centres": centres}
    header = {"name": name, "title": title, "language": language, "country": country, "crs": crs}
    data: dict[str, Any] = {
        # A table of repairs that happens to lie where the call is made is not this call's.
        "plan": {key: value for key, value in header.items() if value is not None} | {"repairs": None},
        "layers": {key: {"path": str(file)} for key, file in {**files, **further}.items() if file is not None},
    }
    if profile is not None:
        data["roads"] = {"profile": profile}
    return _checked(data, root=Path.cwd(), stem=name, told="the call")


def _checked(data: dict[str, Any], *, root: Path, stem: str, told: str) -> Plan:
    faults: list[str] = []
    if "root" in data:
        faults.append(_unknown(("root",)))
    model: Plan | None = None
    try:
        model = Plan.model_validate({**data, "root": root})
    except ValidationError as error:
        faults += [_fault(details) for details in error.errors(include_url=False)]
    faults += [fault for fault in _distance_faults(data) if fault not in faults]
    faults += _name_faults(data) + _file_faults(data, root)
    if faults or model is None:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise PlanError("\n".join([f"{told}: {count}", *(f"  {fault}" for fault in faults)]))
    if model.plan.name is None:
        name = re.sub(r"[^\w-]", "_", stem)[:80] or "plan"
        model = model.model_copy(update={"plan": model.plan.model_copy(update={"name": name})})
    return model


def _fault(details: Mapping[str, Any]) -> str:
    path = tuple(str(part) for part in details["loc"] if part != "[key]")
    kind, found, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(path)
    key = ".".join(path)
    if kind == "missing":
        return f"{key}: missing; expected {_expected_when_missing(path)}"
    if kind == "value_error":
        return f"{key}.{context['error']}"
    expected = {
        "string_type": "text in quotes",
        "float_type": "a number",
        "bool_type": "true or false",
        "dict_type": 'a table of name = "text"',
        "model_type": "a table",
        "list_type": "a list of texts",
        "literal_error": f"one of {context.get('expected', '')}",
        "greater_than": f"a number greater than {context.get('gt', 0):g}",
        "finite_number": "a finite number",
        "string_too_short": "text that is not empty",
    }.get(kind)
    if kind == "string_pattern_mismatch":
        expected = {"country": 'two capital letters such as "CN"'}.get(
            path[-1], '"auto" or "EPSG:n"' if path[0] == "plan" else '"EPSG:n", a number of 4 to 6 digits'
        )
    return f"{key}: found {_shown(found)}; expected {expected or details['msg']}"


def _unknown(path: tuple[str, ...]) -> str:
    known = _known_keys(path[:-1])
    near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(known)}"
    return f"{'.'.join(path)}: unknown key; {hint}"


def _known_keys(path: tuple[str, ...]) -> list[str]:
    model: type[BaseModel] = Plan
    for part in path:
        annotation = model.model_fields[part].annotation
        options = (annotation, *get_args(annotation))
        model = next(option for option in options if isinstance(option, type) and issubclass(option, BaseModel))
    return [name for name in model.model_fields if not (model is Plan and name == "root")]


def _expected_when_missing(path: tuple[str, ...]) -> str:
    if path == ("layers",):
        return "the tables [layers.villages] and [layers.roads]"
    if path[0] == "layers" and len(path) == 2:
        return f'a table [{".".join(path)}] with path = "FILE" (villages and roads are compulsory)'
    return "text: the file, relative to the plan file"


def _name_faults(data: Mapping[str, Any]) -> list[str]:
    header = data.get("plan")
    name = header.get("name") if isinstance(header, dict) else None
    if isinstance(name, str) and not _NAME.fullmatch(name):
        return [f"plan.name: found {_shown(name)}; expected 1 to 80 letters (Chinese too), digits, - or _ only"]
    return []


def _distance_faults(data: Mapping[str, Any]) -> list[str]:
    # The model says so too, but stays silent when another distance is at fault.
    roads = data.get("roads")
    snap, suspect = (roads.get("snap_m"), roads.get("suspect_m")) if isinstance(roads, dict) else (None, None)
    both = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (snap, suspect))
    return [f"roads.{_suspect_fault(snap, suspect)}"] if both and suspect < snap else []  # type: ignore[operator]


def _suspect_fault(snap_m: object, suspect_m: object) -> str:
    return f"suspect_m: found {suspect_m:g}; expected at least snap_m, which is {snap_m:g}"


def _file_faults(data: Mapping[str, Any], root: Path) -> list[str]:
    faults: list[str] = []
    layers = data.get("layers")
    for name, entry in layers.items() if isinstance(layers, dict) else ():
        path = entry.get("path") if isinstance(entry, dict) else None
        if name in LAYER_NAMES and isinstance(path, str) and path and not is_database(path):
            faults += _file_fault(f"layers.{name}.path", path, root)
    terrain, own_map = data.get("terrain"), data.get("map")
    dem = terrain.get("dem") if isinstance(terrain, dict) else None
    for path in [dem] if isinstance(dem, str) else dem if isinstance(dem, list) else ():
        if isinstance(path, str) and path:
            faults += _file_fault("terrain.dem", path, root)
    tiles = own_map.get("tiles") if isinstance(own_map, dict) else None
    if isinstance(tiles, str) and tiles:
        faults += _file_fault("map.tiles", tiles, root)
    roads = data.get("roads")
    profile = roads.get("profile") if isinstance(roads, dict) else None
    if isinstance(profile, str) and profile.endswith(".toml"):
        faults += _file_fault("roads.profile", profile, root)
    return faults


def _file_fault(key: str, path: str, root: Path) -> Iterable[str]:
    try:
        full = root / path
        if full.is_dir() and not key.startswith("layers."):
            yield f"{key}: found the folder {_shown(path)}; expected a file"
        elif full.is_dir():
            return
        elif not full.exists():
            yield (
                f"{key}: file not found: {_shown(path)} (looked for {_shown(str(full))}); "
                "expected the path of an existing file"
            )
        elif not full.is_file():
            yield f"{key}: found {_shown(path)}, which is no ordinary file; expected a file"
        elif not os.access(full, os.R_OK):
            yield f"{key}: permission denied for {_shown(path)}; expected a file that may be read"
    except (OSError, ValueError) as error:
        yield f"{key}: {_shown(path)} is no usable path ({error}); expected the path of an existing file"


def is_database(path: str) -> bool:
    """Whether a layer's path is the address of a database."""
    return path.startswith(("postgresql://", "postgres://"))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _docs(prefix: str, section: type[BaseModel]) -> list[KeyDoc]:
    docs = []
    for name, field in section.model_fields.items():
        default = "required" if field.is_required() else field.get_default(call_default_factory=True)
        shown = "" if default in (None, {}, []) else str(default).lower() if isinstance(default, bool) else str(default)
        docs.append(KeyDoc(f"{prefix}.{name}", _takes(field.annotation), shown, field.description or ""))
    return docs


def _takes(annotation: Any) -> str:
    names = {str: "text", float: "number", bool: "true or false"}
    if annotation in names:
        return names[annotation]
    if get_origin(annotation) is Literal:
        return " or ".join(f'"{choice}"' for choice in get_args(annotation))
    if get_origin(annotation) is list:
        own = get_args(annotation)[0]
        return "list of texts" if own is str else f"list of {_takes(own)}"
    if get_origin(annotation) is dict:
        return "table"
    # a union: what it may be beside nothing; Annotated[float, ...]: the number
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) is Annotated:
        return _takes(parts[0])
    return " or ".join(_takes(part) for part in parts)
