"""Why a hamlet has its water service level, in words: the failing condition with its figures, or what is not known."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from siteplan.language import Texts
from siteplan.water.decision import INPUTS, deciding
from siteplan.water.model import LEVELS

_REASON = "water.reason"
_WHOLE = ("litres", "balance_litres", "level_m", "climb_m", "round_min")
_TENTHS = ("need", "head_m", "service_head_m")
Row = Mapping[Hashable, object]


def level_reasons(states: pd.DataFrame, texts: Texts) -> pd.Series:
    """The reason of each hamlet: index of `states` (`levels.ServiceLevels.states`), text."""
    findings = {name: states[name].to_numpy(dtype=object) for name in INPUTS}
    open_ = pd.DataFrame(deciding(findings), index=states.index)
    told = [
        _reason(row, [str(name) for name in INPUTS if vague[name]], texts)
        for row, vague in zip(states.to_dict("records"), open_.to_dict("records"), strict=True)
    ]
    return pd.Series(told, index=states.index, dtype="str")


def _reason(row: Row, open_: list[str], texts: Texts) -> str:
    figures = _figures(row, texts)

    def say(key: str) -> str:
        return texts(f"{_REASON}.{key}", **figures)

    if row["best"] != row["worst"]:
        what = say("and").join(say(_open_key(row, name)) for name in open_)
        ends = {name: texts(f"water.level.{LEVELS[int(str(row[name]))]}") for name in ("best", "worst")}
        return texts(f"{_REASON}.unknown", what=what, **ends)
    level = LEVELS[int(str(row["best"]))]
    if level == "piped_adequate":
        return say("piped_adequate")
    if level == "piped_deficient":
        failing = [key for key, fails in (
            ("quantity_short", row["quantity"] == "short"),
            ("pressure_fail", row["pressure"] == "fail"),
            ("quality_no", row["quality"] == "no"),
        ) if fails]  # fmt: skip
        return texts(f"{_REASON}.piped_deficient", what=say("and").join(say(key) for key in failing), **figures)
    if row["standpipe"]:
        return say("standpipe")
    pipe = _no_pipe(row, texts)
    walk = say("straight") if row["by"] == "straight" else ""
    if level in ("tap_in_reach", "tap_too_far"):
        return say(level) + walk + pipe
    return say(_no_tap(row)) + pipe


def _no_tap(row: Row) -> str:
    if row["tap"] == "none":
        return "no_tap"
    return "tap_bad" if row["tap_quality"] == "no" else "no_tap"


def _no_pipe(row: Row, texts: Texts) -> str:
    """Why the pipe does not serve, "" where that is not known."""
    if row["piped"] == "yes":
        for key, holds in (
            ("not_connected", row["connection"] == "none"),
            ("pipe_dry", row["quantity"] == "none"),
            ("standpipe_fails", row["connection"] == "tap"),
        ):
            if holds:
                return texts(f"{_REASON}.{key}")
        return ""
    why = str(row["why"])
    return texts.get(f"{_REASON}.why_{why}", why) if row["piped"] == "no" and why else ""


def _open_key(row: Row, name: str) -> str:
    return "open_pressure_marginal" if row[name] == "marginal" else f"open_{name}"


def _figures(row: Row, texts: Texts) -> dict[str, str]:
    blank = texts(f"{_REASON}.blank")
    figures = {}
    for names, form in ((_WHOLE, "{:.0f}"), (_TENTHS, "{:.4g}")):
        for name in names:
            value = float(str(row[name]))
            figures[name] = form.format(value) if np.isfinite(value) else blank
    figures["source"] = str(row["source"]) or blank
    figures["tap_name"] = str(row["tap_name"])
    return figures
