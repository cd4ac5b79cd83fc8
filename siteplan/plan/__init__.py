"""The plan file as a typed model: which layers, which columns, which rules, where to.

`load_plan` reads a TOML file and names every fault at once; `plan_from_files` makes the same model from a call
without a plan file. Nothing here opens a layer.
"""

from siteplan.plan.keys import KeyDoc, plan_keys
from siteplan.plan.loading import load_plan, plan_from_files
from siteplan.plan.model import LAYER_NAMES, BasemapName, LayerPlan, Plan

__all__ = [
    "LAYER_NAMES",
    "BasemapName",
    "KeyDoc",
    "LayerPlan",
    "Plan",
    "load_plan",
    "plan_from_files",
    "plan_keys",
]
