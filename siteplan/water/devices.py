"""Pumps and valves that a file has as points: put between the two ends of pipe that meet where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from siteplan.network.graph import components
from siteplan.network.ragged import Bools, Floats, Ints


@dataclass(frozen=True)
class Inserted:
    """A network with its devices.

    node_xy, u, v: nodes and ends of pieces; behind every device there is a new node. device: which of the points given,
    (k,); start, end: the nodes it stands between, as the pipe it stands on was drawn; at_end, at_branch: points that
    have pipe on one side only, or on more than two, and are not in the network.
    """

    node_xy: Floats
    u: Ints
    v: Ints
    device: Ints
    start: Ints
    end: Ints
    at_end: Ints
    at_branch: Ints


def insert_devices(node_xy: Floats, u: Ints, v: Ints, at: Ints, ends_here: Bools) -> Inserted:
    """Part the nodes that devices stand on.

    Parameters
    ----------
    node_xy, u, v
        Nodes (n, 2) and the two ends of each piece (e,).
    at
        The node of each device, (d,); several on one node stand one behind another, in the order given.
    ends_here
        Nodes that are a source, tank or tap themselves, (n,): a device there stands between it and its only pipe.
    """
    u, v = u.copy(), v.copy()
    nodes: list[Floats] = [node_xy]
    n_nodes = len(node_xy)
    wanted = np.isin(np.concatenate([u, v]), at)
    ends = np.flatnonzero(wanted)
    at_node: dict[int, list[int]] = {}
    for end in ends.tolist():
        at_node.setdefault(int(u[end] if end < len(u) else v[end - len(u)]), []).append(end)
    found: list[tuple[int, int, int]] = []
    one_sided: list[int] = []
    branching: list[int] = []
    for node in sorted(set(at.tolist())):
        devices = np.flatnonzero(at == node).tolist()
        # In the order of their pieces; the second end goes behind the device.
        pipe_ends = sorted(at_node.get(node, []), key=lambda end: (end % len(u), end))
        sides = len(pipe_ends) + int(ends_here[node])
        if sides != 2:
            (branching if sides > 2 else one_sided).extend(devices)
            continue
        behind = [n_nodes + k for k in range(len(devices))]
        n_nodes += len(devices)
        nodes.append(np.repeat(node_xy[node : node + 1], len(devices), axis=0))
        moved = pipe_ends[-1]
        if moved < len(u):
            u[moved] = behind[-1]
        else:
            v[moved - len(u)] = behind[-1]
        chain = [node, *behind]
        # A piece that was drawn towards the device on its far side runs against the chain.
        against = not ends_here[node] and moved >= len(u) and pipe_ends[0] < len(u)
        for device, (start, end) in zip(devices, pairwise(chain), strict=True):
            found.append((device, end, start) if against else (device, start, end))
    table = np.array(sorted(found), dtype=np.int64).reshape(-1, 3)
    return Inserted(
        np.concatenate(nodes), u, v, table[:, 0], table[:, 1], table[:, 2],
        np.array(sorted(one_sided), dtype=np.int64), np.array(sorted(branching), dtype=np.int64),
    )  # fmt: skip


def turned(n_nodes: int, start: Ints, end: Ints, pump: Bools, source: Bools, live: Bools) -> tuple[Bools, Bools]:
    """Which pumps face away from the water: (to be turned round, neither side tells), (m,) each; False for other links.

    A pump draws from the side that reaches a source without any pump. `live`: links that water may run through.
    """
    carries = live & ~pump
    label = components(n_nodes, start[carries], end[carries])
    wet = np.zeros(n_nodes, dtype=bool)
    wet[label[np.flatnonzero(source)]] = True
    behind, ahead = wet[label[start]], wet[label[end]]
    return pump & ahead & ~behind, pump & (ahead == behind)
