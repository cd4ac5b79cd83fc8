"""The fast path against the independent slow oracle, on random counties; and what must not change an answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import WORSE, judge
from random_county import County, county_access, county_layers, random_county

from siteplan.roads import verdict
from siteplan.roads.gaps import find_gaps

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
FIGURES = ("to_harden_m", "unknown_m", "to_build_m", "way_m")


def asked(county: County, **more: object) -> dict:
    centres = [] if county.anchor_none else county.centres
    return judge(
        county.hamlets,
        county.roads,
        centres,
        **county.distances,
        anchor_none=county.anchor_none,
        unknown_is_hardened=county.unknown_is_hardened,
        **more,
    )


def disagreements(county: County, expected: dict) -> list[str]:
    """What siteplan says otherwise than the oracle, in words."""
    access = county_access(county)
    found = verdict.names_of(access.status)
    # A closed road may touch connected ones at several places: gaps of 0 m, and no rule says which one counts.
    touching = access.ways.course.gaps.component[access.ways.course.gaps.gap_m < 1e-6]
    tied = set(access.near.point[np.isin(access.network.component[access.near.piece], touching)].tolist())
    faults = []
    for row, (name, *_) in enumerate(county.hamlets):
        want = expected[name]
        if found[row] != want.status:
            faults.append(f"{name}: {found[row]} for {want.status}")
            continue
        if want.gap_tie or row in tied:
            continue
        for figure in FIGURES:
            own, theirs = getattr(access.ways, figure)[row], getattr(want, figure)
            if not (np.isnan(own) and np.isnan(theirs)) and not abs(own - theirs) <= 5e-3:
                faults.append(f"{name} {want.status} {figure}: {own} for {theirs}")
    return faults


@few
@given(seeds)
def test_verdicts_and_figures_equal_the_oracles(seed: int) -> None:
    county = random_county(seed)
    assert disagreements(county, asked(county)) == []


@pytest.mark.parametrize("broken", ["snap_nodes", "bridges_join", "hardness_ignored", "no_crossings", "no_snap"])
def test_a_broken_oracle_is_noticed(broken: str) -> None:
    """The comparison can fail: broken on purpose, the oracle disagrees with siteplan somewhere."""
    assert any(disagreements(random_county(seed), asked(random_county(seed), broken=(broken,))) for seed in range(30))


@few
@given(seeds)
def test_row_order_and_direction_change_nothing(seed: int) -> None:
    county = random_county(seed)
    rng = np.random.default_rng(seed)
    turned = [
        {**road, "coords": road["coords"][::-1] if rng.random() < 0.5 else road["coords"]} for road in county.roads
    ]
    order = rng.permutation(len(turned))
    other = replace(county, roads=[turned[at] for at in order])
    one, two = county_access(county), county_access(other)
    # Without centres and classes a tie for the largest component is broken by the row, which stands for the id here.
    np.testing.assert_array_equal(one.status, two.status)
    joined = one.status <= verdict.UNHARDENED
    for figure in FIGURES:
        np.testing.assert_allclose(getattr(one.ways, figure)[joined], getattr(two.ways, figure)[joined], atol=1e-3)


@few
@given(seeds)
def test_gaps_decide_what_a_full_rerun_says_and_never_for_the_worse(seed: int) -> None:
    county = random_county(seed)
    hamlets, centres = county_layers(county)
    centres = centres.iloc[:0] if county.anchor_none else centres
    access = county_access(county)
    gaps = find_gaps(access, hamlets, centres)
    for number in range(len(gaps.end_xy)):
        closed = county_access(county, extra_legs=gaps.reach.where(np.array([number])))
        told = gaps.changes[gaps.changes["gap"] == number]
        changed = np.flatnonzero(closed.status != access.status)
        assert told["hamlet"].tolist() == changed.tolist()
        assert told["after"].tolist() == closed.status[changed].tolist()
        if access.anchored.rule != "largest component":
            # There alone may the anchor itself move to another component.
            assert (closed.status <= access.status).all()


def test_the_order_of_verdicts_is_the_oracles() -> None:
    assert [name for name in verdict.STATUSES if name in WORSE] == sorted(WORSE, key=WORSE.__getitem__)


@pytest.mark.parametrize(
    ("snap_m", "counts", "components"),
    [
        (1, (547, 21, 125, 25, 11), 347),
        (10, (651, 41, 21, 5, 11), 20),
        (30, (671, 46, 1, 0, 11), 6),
    ],
)
def test_ladakh(ladakh_plan, snap_m: int, counts: tuple[int, ...], components: int) -> None:
    """The published independent count, line by line."""
    from siteplan.layers.reading import read_layers
    from siteplan.plan import load_plan
    from siteplan.roads.access import AccessOptions, road_access, road_joins, surfaces_of
    from siteplan.roads.hardness import classify_roads
    from siteplan.standards import load_road_profile, load_speeds

    plan = load_plan(ladakh_plan)
    layers = read_layers(plan)
    assert layers.crs.to_epsg() == 32643
    roads = layers.table("roads")
    classes = classify_roads(roads, load_road_profile(plan.roads.profile, root=plan.root), load_speeds())
    joins = road_joins(roads, classes, reach_m=30)
    options = AccessOptions(access_m=500, anchor_m=500, snap_m=snap_m, suspect_m=40)
    surfaces = surfaces_of(classes, unknown_hardened=False)
    access = road_access(joins, surfaces, layers.table("villages"), layers.table("centres"), options)
    assert tuple(np.bincount(access.status, minlength=6)[:5]) == counts
    assert access.network.node_component.max() + 1 == components
    assert abs(access.network.ledger.balance_m) < 1e-3
