"""Lines of any kind as one noded graph: joining, snapping to pieces, shortest ways, suspected gaps."""

from siteplan.network.build import build_network
from siteplan.network.graph import RoadNetwork
from siteplan.network.joining import Joins, find_joins
from siteplan.network.lines import LineArrays

__all__ = ["Joins", "LineArrays", "RoadNetwork", "build_network", "find_joins"]
