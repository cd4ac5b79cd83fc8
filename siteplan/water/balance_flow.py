"""How units pass water on: the shares at one moment, and a run over hours that is exact between events.

Within an hour what is wanted is constant, so every tank's volume is a straight line until one fills or empties: the
run steps from event to event, each connected part by its own clock, without a time step to choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from siteplan.network.ragged import Bools, Floats, Ints
from siteplan.water.balance_units import Units

HOURS_A_DAY = 24
MOST_DAYS = 40
"""A run that has not come to repeat itself by then is judged by its yields as well."""
_STILL = 1e-12
"""A rate or rest below this (m3 an hour, m3) is rounding."""


@dataclass(frozen=True)
class Shares:
    """Rates at one moment, m3 an hour, shape (u,): got by own users, net into storage, spilled unused; short: less
    comes than is asked and nothing is stored."""

    got: Floats
    net: Floats
    spilled: Floats
    short: Bools


@dataclass(frozen=True)
class Run:
    """A run's sums, m3, shape (u,).

    wanted, got, spilled : over the run. least, end : smallest volume, and volume at the end.
    """

    wanted: Floats
    got: Floats
    spilled: Floats
    least: Floats
    end: Floats


@dataclass(frozen=True)
class Passing:
    """The order in which shares are worked out for `units`."""

    units: Units

    @cached_property
    def _down(self) -> list[tuple[Ints, list[Ints], Ints]]:
        """By depth: its units, its arcs round by round (a child asks its parents one after the other), all its arcs."""
        units = self.units
        at = units.depth[units.parent]
        out = []
        for depth in range(int(units.depth.max(initial=-1)) + 1):
            arcs = np.flatnonzero(at == depth)
            rounds = [arcs[units.rank[arcs] == rank] for rank in np.unique(units.rank[arcs]).tolist()]
            out.append((np.flatnonzero(units.depth == depth), rounds or [arcs], arcs))
        return out

    @cached_property
    def _up(self) -> list[tuple[Ints, Ints]]:
        """From the deepest: arcs into the units of a depth, and those of them that ask first."""
        units = self.units
        at = units.depth[units.child]
        out = []
        for depth in range(int(units.depth.max(initial=-1)), 0, -1):
            arcs = np.flatnonzero(at == depth)
            out.append((arcs, arcs[units.rank[arcs] == 0]))
        return out

    @cached_property
    def _room(self) -> Floats:
        """Storage of each unit and of what lies behind it, m3: in this proportion water to spare is offered."""
        units = self.units
        room = units.volume.copy()
        for arcs, _ in self._up:
            np.add.at(room, units.parent[arcs], room[units.child[arcs]])
        return room

    def shares(self, supply: Floats, wanted: Floats, stored: Bools, full: Bools) -> Shares:
        """Who gets what at one moment.

        A unit asks the units above it for what it and those behind it want beyond its own supply. Each unit with water
        stored serves its own users and the units behind it in full; without, in proportion to what is asked, first its
        own users and what would run dry behind it, then what has water stored itself. What is left fills its own tank,
        then what is not full behind it (in proportion to volume), then spills.

        Parameters
        ----------
        supply, wanted : m3 an hour. stored : water in store; full : no room left (a unit without storage is full).
        """
        units, parent, child = self.units, self.units.parent, self.units.child
        n = len(units)
        # What is asked of the unit, and what it asks: row 0 now, row 1 what its storage, or one behind it, can bear.
        demand, asked = np.stack([wanted, np.zeros(n)]), np.zeros((2, n))
        room_left = ~full
        for arcs, first in self._up:
            # Everything deeper is known: a unit's ask is complete when its turn comes.
            own = child[arcs]
            beyond = np.maximum(demand[:, own].sum(axis=0) - supply[own], 0.0)
            asked[0, own] = np.where(stored[own], 0.0, np.maximum(demand[0, own] - supply[own], 0.0))
            asked[1, own] = beyond - asked[0, own]
            for kind in (0, 1):
                np.add.at(demand[kind], parent[first], asked[kind, child[first]])
            np.logical_or.at(room_left, parent[arcs], room_left[own])
        come, (got, spilled, net) = supply.copy(), np.zeros((3, n))
        lacks = np.zeros(n, dtype=bool)
        place = np.zeros(n, dtype=np.int64)
        for at, rounds, arcs in self._down:
            left = come[at].copy()
            place[at] = np.arange(len(at))
            for number, (kind, turn) in enumerate([(kind, turn) for kind in (0, 1) for turn in rounds]):
                total = wanted[at].copy() if number == 0 else np.zeros(len(at))
                np.add.at(total, place[parent[turn]], asked[kind, child[turn]])
                short = ~stored[at] & (left < total)
                part = np.divide(np.maximum(left, 0.0), total, out=np.ones(len(at)), where=short & (total > 0))
                lacks[at[short & (left < total * (1 - 1e-12))]] = True
                if number == 0:
                    got[at] = wanted[at] * part
                given = asked[kind, child[turn]] * part[place[parent[turn]]]
                np.add.at(come, child[turn], given)
                asked[kind, child[turn]] -= given
                left = np.where(short, 0.0, left - total * part)
            left[np.abs(left) < _STILL] = 0.0
            spare = np.where(full[at] & (left > 0), left, 0.0)
            net[at] = left - spare
            hungry = arcs[room_left[child[arcs]]]
            weight = np.zeros(len(at))
            np.add.at(weight, place[parent[hungry]], self._room[child[hungry]])
            take = (spare / np.where(weight > 0, weight, 1.0))[place[parent[hungry]]] * self._room[child[hungry]]
            np.add.at(come, child[hungry], take)
            spilled[at] = np.where(weight > 0, 0.0, spare)
        return Shares(got, net, spilled, lacks)

    def run(self, wanted_m3_per_day: Floats, factors: Floats, *, hours: int, start: Floats) -> Run:
        """Run `hours` hours from midnight with `start` m3 in the tanks.

        `factors`: 24 hourly factors of what is wanted, mean 1.
        """
        units = self.units
        n, part = len(units), units.part
        n_parts = int(part.max(initial=-1)) + 1
        supply, hourly = units.supply / HOURS_A_DAY, wanted_m3_per_day / HOURS_A_DAY
        volume, least = start.copy(), start.copy()
        wanted, got, spilled = np.zeros((3, n))
        hour, gone = np.zeros(n_parts, dtype=np.int64), np.zeros(n_parts)
        while (hour < hours).any():
            going = hour < hours
            want = hourly * factors[hour % HOURS_A_DAY][part]
            now = self.shares(supply, want, volume > 0, volume >= units.volume)
            to_event = np.full(n, np.inf)
            filling, emptying = now.net > 0, now.net < 0
            to_event[filling] = (units.volume - volume)[filling] / now.net[filling]
            to_event[emptying] = volume[emptying] / -now.net[emptying]
            step = 1.0 - gone
            np.minimum.at(step, part, to_event)
            step[~going] = 0.0
            ends = going & (step >= 1.0 - gone)
            mine = step[part]
            volume = np.clip(volume + now.net * mine, 0.0, units.volume)
            reached = to_event <= mine * (1 + 1e-12)
            volume[reached & filling] = units.volume[reached & filling]
            volume[reached & emptying] = 0.0
            wanted += want * mine
            got += now.got * mine
            spilled += now.spilled * mine
            least = np.minimum(least, volume)
            gone = np.where(ends, 0.0, gone + step)
            hour = hour + ends
        return Run(wanted, got, spilled, least, volume)

    def lasting_day(self, wanted_m3_per_day: Floats, factors: Floats) -> tuple[Run, Bools]:
        """The day that repeats itself, and the units whose part came to one within `MOST_DAYS`.

        Tanks start full where the yields carry what is wanted by the day, else empty: they are so at some hour of every
        such day, so that most parts repeat themselves from the second day on.
        """
        units = self.units
        steady = self.steady(units.supply, wanted_m3_per_day)
        volume = np.where(steady.short, 0.0, units.volume)
        for _ in range(MOST_DAYS):
            before = volume
            day = self.run(wanted_m3_per_day, factors, hours=HOURS_A_DAY, start=before)
            volume = day.end
            same = np.ones(int(units.part.max(initial=-1)) + 1, dtype=bool)
            np.logical_and.at(same, units.part, np.abs(volume - before) <= 1e-9 * (1 + units.volume))
            if same.all():
                break
        return day, same[units.part]

    def steady(self, supply: Floats, wanted: Floats) -> Shares:
        """Shares when nothing is stored: what supplies can carry for ever, any unit of volume a time."""
        n = len(self.units)
        return self.shares(supply, wanted, np.zeros(n, dtype=bool), np.ones(n, dtype=bool))
