"""The command line: parse, call the workflow, print, exit code; nothing else."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from siteplan.errors import PlanError, SiteplanError

BUG = 1
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="siteplan: from a county's GIS layers to what a planner signs. Ends with 0 done, 1 a bug, "
    "2 the plan, the data or the call at fault, 3 another run holds the output folder, 4 the output cannot be written.",
)

Layer = Annotated[Path | None, typer.Option(metavar="FILE")]
Quiet = Annotated[bool, typer.Option("--quiet", help="say nothing but errors")]
Debug = Annotated[bool, typer.Option("--debug", help="show the traceback of an error")]


@app.command()
def run(
    plan: Annotated[Path | None, typer.Argument(metavar="PLAN", help="the plan file (TOML)")] = None,
    out: Annotated[Path | None, typer.Option(help="output folder; default maps/NAME")] = None,
    villages: Layer = None,
    roads: Layer = None,
    sites: Layer = None,
    water_lines: Layer = None,
    centres: Layer = None,
    profile: Annotated[str | None, typer.Option(help="rule profile, without a plan file")] = None,
    language: Annotated[str, typer.Option(help="zh or en, without a plan file")] = "zh",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Judge every hamlet's road and write map, tables and GeoPackage."""
    from siteplan import workflow
    from siteplan.plan import load_plan, plan_from_files

    files = {"villages": villages, "roads": roads, "sites": sites, "water_lines": water_lines, "centres": centres}
    given = {name: path for name, path in files.items() if path is not None}

    def work() -> None:
        if plan is None:
            for name in ("villages", "roads"):
                if name not in given:
                    raise PlanError(f"give a plan file, or --villages and --roads: --{name} is missing")
            if out is None:
                raise PlanError("without a plan file --out says where the results go: it is missing")
            own: Any = plan_from_files(**given, language=language, name=_name_of(out), profile=profile)  # type: ignore[arg-type]
        else:
            if given or profile:
                raise PlanError("give a plan file or single files, not both: the plan file names its layers")
            own = load_plan(plan)
        folder = out or own.output_folder() or Path("maps") / own.name
        with _progress(quiet) as step:
            result = workflow.run(own, folder, step=step)
        if not quiet:
            _print_result(result, own.language)

    _guarded(work, debug)


@app.command()
def check(
    plan: Annotated[Path, typer.Argument(metavar="PLAN")],
    out: Annotated[Path | None, typer.Option(help="folder of check.html and repairs.csv; default the plan's")] = None,
    report: Annotated[Path | None, typer.Option(help="write what was found to this JSON file too")] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Read the plan's layers, say what was found, draw where (check.html), and propose repairs (repairs.csv)."""
    from siteplan import workflow
    from siteplan.plan import load_plan

    def work() -> None:
        own = load_plan(plan)
        result = workflow.check(own, out or own.root, report)
        if not quiet:
            if result.layers is not None:
                _print_layers(result.layers)
                _print_findings(result.findings)
            typer.echo(f"faults on the map: {result.page}")
            typer.echo(f"proposed repairs: {result.repairs}, write accept or reject into {result.table}")
        if result.fault is not None:
            raise result.fault

    _guarded(work, debug)


@app.command()
def picture(
    plan: Annotated[Path, typer.Argument(metavar="PLAN")],
    out: Annotated[Path, typer.Option(help="the picture: a .png, .svg or .pdf file")],
    layer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY", help="a layer of the map (villages, roads, ...), may be repeated; default: all shown"
        ),
    ] = None,
    theme: Annotated[
        str | None, typer.Option(metavar="KEY", help="sort a layer otherwise: missing, surface, ...")
    ] = None,
    language: Annotated[str | None, typer.Option(help="zh or en; default the plan's")] = None,
    title: Annotated[str | None, typer.Option(help="default the plan's")] = None,
    width_mm: Annotated[float, typer.Option(help="width of the picture")] = 250.0,
    height_mm: Annotated[float, typer.Option(help="height of the picture")] = 180.0,
    dpi: Annotated[int, typer.Option(help="pixels an inch of a .png")] = 200,
    font: Annotated[Path | None, typer.Option(help="a font file with Chinese characters")] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Draw the plan's map as a still picture for documents, with legend, scale bar and north arrow."""
    from siteplan import workflow
    from siteplan.plan import load_plan

    def work() -> None:
        if language not in (None, "zh", "en"):
            raise PlanError(f"--language: found {language!r}; expected zh or en")
        own = load_plan(plan)
        with _progress(quiet) as step:
            made = workflow.picture(
                own, out, layers=layer or (), language=language, theme=theme, title=title, width_mm=width_mm,  # type: ignore[arg-type]
                height_mm=height_mm, dpi=dpi, font=font, step=step,
            )  # fmt: skip
        if not quiet:
            typer.echo(f"wrote {made}")

    _guarded(work, debug)


@app.command()
def water(
    plan: Annotated[Path, typer.Argument(metavar="PLAN")],
    out: Annotated[Path | None, typer.Option(help="output folder; default maps/NAME-water")] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Judge only the water of every hamlet: GeoPackage, tables and a file for EPANET."""
    from siteplan import workflow
    from siteplan.plan import load_plan

    def work() -> None:
        own = load_plan(plan)
        with _progress(quiet) as step:
            result = workflow.water(own, out or Path("maps") / f"{own.name}-water", step=step)
        if not quiet:
            _print_water(result, own.language)

    _guarded(work, debug)


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a folder of GIS files, or of what is to be made")],
    osm: Annotated[Path | None, typer.Option(metavar="FILE", help="make the layers from this .osm.pbf extract")] = None,
    bbox: Annotated[str | None, typer.Option(metavar="W,S,E,N", help="with --osm: only this box (degrees)")] = None,
    debug: Debug = False,
) -> None:
    """Write a plan skeleton to DIR/plan.toml: guessed from the files in DIR, or with layers made from OpenStreetMap."""

    def work() -> None:
        from siteplan import workflow

        if osm is not None:
            target = workflow.new_from_osm(folder, osm, bbox)
        elif bbox is not None:
            raise PlanError("--bbox chooses from an extract: give --osm FILE too")
        else:
            target = workflow.new_from_files(folder)
        typer.echo(f"wrote {target}: read it, then run: siteplan run {target}")

    _guarded(work, debug)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    seed: Annotated[int, typer.Option(help="another seed makes another county")] = 20260101,
    debug: Debug = False,
) -> None:
    """Make the sample county: a fictional mountain county with all layers and a plan."""

    def work() -> None:
        from siteplan.outfolder import writing
        from siteplan.sample import make_sample

        with writing(folder):
            make_sample(folder, seed=seed)
        typer.echo(f"wrote the sample county; run: siteplan run {folder / 'plan.toml'}")

    _guarded(work, debug)


@app.command()
def rules(
    profile: Annotated[str | None, typer.Argument(metavar="[PACK]")] = None,
    debug: Debug = False,
) -> None:
    """List the rule packs of roads, water and power, or every rule of one with clause, source and confidence."""
    from siteplan import workflow

    def work() -> None:
        if profile is None:
            for room, name, title in workflow.rule_packs():
                typer.echo(f"{room}: {name}: {title}")
            return
        for row in workflow.rules_of(profile):
            typer.echo(f"{row['rule']}: {row['value']} {row['unit']}".rstrip())
            if row["clause"]:
                typer.echo(f"    clause: {row['clause']}")
            typer.echo(f"    source: {row['source']} [{row['confidence']}]")

    _guarded(work, debug)


def main() -> None:
    """Entry point: what the user got wrong ends with 2, never with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A Windows console may not know a hamlet's name: show what it can, never fail on it.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    app()


def _name_of(folder: Path) -> str:
    """A plan's name from an output folder, whatever that is called."""
    return re.sub(r"[^\w-]", "_", folder.resolve().name)[:80] or "plan"


def _guarded(work: Any, debug: bool) -> None:
    """Run a command's work; errors for planners are printed, bugs say so."""
    try:
        work()
    except SiteplanError as error:
        if debug:
            raise
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("stopped; earlier results are untouched", 130)
    except Exception as error:
        if debug:
            raise
        _fail(f"a bug in siteplan: {type(error).__name__}: {error}\nplease report it with what --debug shows", BUG)


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(f"siteplan: {message}", err=True)
    raise typer.Exit(code)


class _progress:
    """Shows the step under way on stderr: a spinner on a terminal, a line a step elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self._status: Any = None

    def __enter__(self) -> Any:
        if self.quiet:
            return lambda text: None
        from rich.console import Console

        console = Console(stderr=True)
        if not console.is_terminal:
            return lambda text: typer.echo(f"· {text}", err=True)
        self._status = console.status("")
        self._status.start()
        return self._status.update

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()


def _print_result(result: Any, language: str) -> None:
    from siteplan.language import Texts

    texts = Texts("en" if language == "en" else "zh")
    head = result.headline
    for name in ("hamlets", "served", "not_served", "unknown"):
        typer.echo(f"{texts(f'roads.figure.{name}')}: {head[name]}")
    for note in result.notes:
        typer.echo(note, err=True)
    _print_findings(result.findings)
    typer.echo(f"map: {result.map}")


def _print_water(result: Any, language: str) -> None:
    from siteplan.language import Texts
    from siteplan.water.model import LEVELS

    texts = Texts("en" if language == "en" else "zh")
    for level in LEVELS:
        typer.echo(f"{texts(f'water.level.{level}')}: {result.headline[level]}")
    for note in result.notes:
        typer.echo(note, err=True)
    _print_findings(result.findings)
    typer.echo(f"results: {result.folder}")


def _print_layers(layers: Any) -> None:
    """A table of the layers on standard output: file, counts, people, and which columns were matched."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    for heading in ("layer", "file", "read", "kept", "repaired", "dropped", "people = kept + dropped"):
        shown.add_column(heading, no_wrap=True, justify="left" if heading in ("layer", "file") else "right")
    for name, layer in layers.layers.items():
        counts = layer.counts
        people = counts.people
        told = "" if people is None else f"{people.read:g} = {people.kept:g} + {people.dropped:g}"
        numbers = (str(n) for n in (counts.read, counts.kept, counts.repaired, counts.dropped))
        shown.add_row(name, Path(layer.source.path).name, *numbers, told)
    # Wider than a terminal may be: a name must not be cut short.
    Console(width=200, highlight=False, markup=False).print(shown)
    for name, layer in layers.layers.items():
        matched = ", ".join(f"{own} <- {source}" for own, source in layer.source.columns_matched.items())
        typer.echo(f"{name}: columns {matched or 'none matched'}")
    for name in layers.absent:
        typer.echo(f"{name}: not given")


def _print_findings(findings: Any, *, most: int = 5) -> None:
    """The findings on stderr: counted by code, the first few of each in words."""
    for (layer, code, action), rows in findings.groupby(["layer", "code", "action"], sort=False):
        typer.echo(f"{layer}: {code} ({action}): {len(rows)}", err=True)
        for row in rows.head(most).astype({"row": "object"}).fillna({"row": ""}).itertuples():
            place = f"row {row.row} " if row.row else ""
            typer.echo(f"    {place}{row.id} {row.field}: {row.message}", err=True)
        if len(rows) > most:
            typer.echo(f"    … and {len(rows) - most} more, in the findings", err=True)


if __name__ == "__main__":
    main()
