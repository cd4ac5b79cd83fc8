"""What the mass balance has to say of sources, tanks and hamlets, as findings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from siteplan.layers.findings import findings_of, joined, no_findings
from siteplan.network.ragged import Bools
from siteplan.water.model import WaterNetwork
from siteplan.water.tracing import Reach

_NONE = no_findings()


def balance_findings(
    network: WaterNetwork, reach: Reach, hamlets: pd.DataFrame, hamlet_ids: Sequence[str] | None
) -> pd.DataFrame:
    """Sources without a yield, tanks without a volume, hamlets without people; sources and tanks that are too small."""
    nodes = network.nodes
    on = reach.nodes["reached"].to_numpy(dtype=bool) & nodes["works"].to_numpy(dtype=bool)
    kind = nodes["kind"].to_numpy()
    no_yield = on & (kind == "source") & nodes["yield_m3_per_day"].isna().to_numpy()
    no_volume = on & (kind == "tank") & nodes["volume_m3"].isna().to_numpy()
    no_people = (hamlets["unit"] >= 0).to_numpy() & hamlets["people_wanted_m3_per_day"].isna().to_numpy()
    return joined(
        [
            _of_nodes(network, no_yield, "yield_unknown", "yield_m3_per_day"),
            _of_nodes(network, no_volume, "volume_unknown", "volume_m3"),
            _of_hamlets(network, no_people, "people_unknown", hamlet_ids),
            *(_limits(network, hamlets, limit) for limit in ("source", "tank", "no_tank")),
        ]
    )


def _of_nodes(network: WaterNetwork, which: Bools, name: str, field: str) -> pd.DataFrame:
    if not which.any():
        return _NONE
    nodes = network.nodes[which]
    return findings_of(
        "water_points",
        f"water.balance.{name}",
        "noted",
        n=len(nodes),
        ids=nodes["point_id"],
        field=field,
        xs=nodes.geometry.x,
        ys=nodes.geometry.y,
        each=[{"node": node, "name": named} for node, named in zip(nodes["node"], nodes["name"], strict=True)],
    )


def _of_hamlets(network: WaterNetwork, which: Bools, name: str, hamlet_ids: Sequence[str] | None) -> pd.DataFrame:
    if not which.any():
        return _NONE
    ids = np.array(network.connections.index.astype(str) if hamlet_ids is None else hamlet_ids, dtype=object)
    at = network.nodes.geometry.iloc[network.connections["node"].to_numpy()[which]]
    return findings_of(
        "villages",
        f"water.balance.{name}",
        "noted",
        n=int(which.sum()),
        ids=ids[which],
        field="people",
        xs=at.x,
        ys=at.y,
    )


def _limits(network: WaterNetwork, hamlets: pd.DataFrame, limit: str) -> pd.DataFrame:
    """One finding for each set of sources or tanks that leaves hamlets short."""
    short = hamlets[((hamlets["limit"] == limit) & (hamlets["state"] == "short")).to_numpy()]
    if not len(short):
        return _NONE
    sets, of = np.unique(short["limited_by"].to_numpy().astype(str), return_inverse=True)
    count = np.bincount(of)
    wanted, got = (np.bincount(of, short[f"people_{what}_m3_per_day"].to_numpy()) for what in ("wanted", "got"))
    held = np.flatnonzero(network.nodes["kind"].isin(["source", "tank"]).to_numpy())
    row_of = dict(zip(network.nodes["node"].iloc[held].tolist(), held.tolist(), strict=True))
    rows = [[row_of[node] for node in one.split(";")] for one in sets]
    names = network.nodes["name"].to_numpy()
    gives, holds = (network.nodes[name].to_numpy(np.float64) for name in ("yield_m3_per_day", "volume_m3"))
    point, place = network.nodes["point_id"].to_numpy(), network.nodes.geometry.iloc[[at[0] for at in rows]]
    return findings_of(
        "water_points",
        f"water.balance.{limit}",
        "noted",
        n=len(sets),
        ids=[str(point[at[0]]) for at in rows],
        xs=place.x,
        ys=place.y,
        each=[
            {
                "node": one,
                "name": "、".join(dict.fromkeys(str(names[row]) for row in at if names[row])),
                "hamlets": int(count[number]),
                "wanted": f"{wanted[number]:.1f}",
                "got": f"{got[number]:.1f}",
                "yield": f"{np.nansum(gives[at]):.1f}",
                "volume": f"{np.nansum(holds[at]):.1f}",
            }
            for number, (one, at) in enumerate(zip(sets.tolist(), rows, strict=True))
        ],
    )
