"""Power: which hamlets lie within reach of lines that are fed; no load flow."""

from siteplan.power.coverage import power_coverage
from siteplan.power.reach import STATUSES, PowerReach, power_reach

__all__ = ["STATUSES", "PowerReach", "power_coverage", "power_reach"]
