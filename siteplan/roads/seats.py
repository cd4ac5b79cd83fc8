"""The administrative-village rate: is the seat of each administrative village reached, beside its hamlets."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.network import build_network
from siteplan.roads import verdict
from siteplan.roads.access import AccessOptions, RoadAccess, surfaces_of
from siteplan.roads.hardness import RoadClasses, meets_seat_rule
from siteplan.roads.sensitivity import statuses
from siteplan.standards import RoadProfile


def village_seats(
    access: RoadAccess,
    roads: gpd.GeoDataFrame,
    classes: RoadClasses,
    centres: gpd.GeoDataFrame,
    anchors: gpd.GeoDataFrame,
    profile: RoadProfile,
    options: AccessOptions,
) -> pd.DataFrame:
    """Verdict on every village seat: columns id, township, village, seat_status; one row a seat.

    A seat is no anchor for itself: the village seats among `anchors` are left out. Where the profile asks for a better
    road to a seat than to a hamlet, that rule is used.
    """
    seats = centres[centres["kind"] == "village"]
    name = seats["village"].where(seats["village"] != "", seats["name"])
    table = pd.DataFrame({"id": seats["id"], "township": seats["township"], "village": name})
    if not len(seats):
        return table.assign(seat_status="")
    hardness = meets_seat_rule(roads, classes, profile.seat) if profile.seat else None
    surfaces = surfaces_of(classes, unknown_hardened=options.unknown_hardened, hardness=hardness)
    higher = anchors[anchors["kind"] != "village"]
    if not len(higher) and not classes.anchor.any() and not options.anchor_none:
        # Only seats themselves could be reached: nothing can be said.
        return table.assign(seat_status="unknown").reset_index(drop=True)
    # The network before centres were put on it: theirs differ here.
    network = build_network(access.joins, snap_m=options.snap_m)
    found = statuses(network, access.joins.tree, surfaces, seats, higher, options, access_m=(options.access_m,))
    return table.assign(seat_status=verdict.names_of(found[options.access_m])).reset_index(drop=True)


def seat_rate(seats: pd.DataFrame, villages: gpd.GeoDataFrame) -> dict[str, float]:
    """Administrative villages with a hardened road to the seat: seats, served, rate, villages without a known seat."""
    named = villages.loc[villages["village"] != "", ["township", "village"]].drop_duplicates()
    judged = seats[seats["seat_status"] != "unknown"]
    served = int((judged["seat_status"] == "hardened").sum())
    # A seat without a township stands for every village of its name.
    known = set(zip(seats["township"], seats["village"], strict=True))
    lacking = [
        pair
        for pair in zip(named["township"], named["village"], strict=True)
        if pair not in known and ("", pair[1]) not in known
    ]
    return {
        "seats": float(len(seats)),
        "seats_served": float(served) if len(judged) else np.nan,
        "seat_rate": served / len(judged) if len(judged) else np.nan,
        "villages_without_seat": float(len(lacking)),
    }
