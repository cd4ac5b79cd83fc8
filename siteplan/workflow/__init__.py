"""The order of the work, from plan to published results; the only room that names output files."""

from siteplan.workflow.checking import CheckResult, check
from siteplan.workflow.picturing import picture
from siteplan.workflow.ruling import rule_packs, rules_of
from siteplan.workflow.running import RunResult, run
from siteplan.workflow.starting import new_from_files, new_from_osm
from siteplan.workflow.wateralone import water

__all__ = [
    "CheckResult",
    "RunResult",
    "check",
    "new_from_files",
    "new_from_osm",
    "picture",
    "rule_packs",
    "rules_of",
    "run",
    "water",
]
