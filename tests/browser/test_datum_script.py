"""The page's GCJ-02 against the layers' own: the map of Gaode must lie where the layers are shifted to."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Any

import numpy as np
import pytest

from siteplan.layers.datums import CHINA, gcj02_from_wgs84, in_china, wgs84_from_gcj02


@pytest.fixture(scope="module")
def script(browser: Any) -> Iterator[Any]:
    """A blank page that holds nothing but the script."""
    page = browser.new_page()
    text = resources.files("siteplan.webmap").joinpath("browser", "datum.js").read_text("utf-8")
    page.evaluate("text => { window.siteplan = {}; (0, eval)(text); }", text)
    yield page
    page.close()


def asked(script: Any, name: str, degrees: np.ndarray) -> np.ndarray:
    """What a function of the script makes of longitudes and latitudes, shape (n, 2)."""
    # NaN and infinities are no JSON, but Playwright carries them.
    given = degrees.tolist()
    return np.array(script.evaluate(f"places => places.map(one => siteplan.gcj02.{name}(one[0], one[1]))", given))


def places() -> np.ndarray:
    """2,000 places: in China's rectangle, on its edges and around the world."""
    rng = np.random.default_rng(17)
    west, south, east, north = CHINA
    inside = rng.uniform((west, south), (east, north), (1500, 2))
    around = rng.uniform((-180, -90), (180, 90), (400, 2))
    edges = rng.uniform((west - 0.01, south - 0.01), (east + 0.01, north + 0.01), (96, 2))
    edges[::4, 0], edges[1::4, 0], edges[2::4, 1], edges[3::4, 1] = west, east, south, north
    corners = [[west, south], [east, north], [105.0, 35.0], [0.0, 0.0]]
    return np.concatenate([inside, around, edges, corners])


def test_forward_is_the_layers_formula(script: Any) -> None:
    given = places()
    assert len(given) == 2000
    found = asked(script, "forward", given)
    assert np.abs(found - gcj02_from_wgs84(given)).max() < 1e-9
    assert np.abs(found - given)[in_china(given)].max() > 1e-3


def test_inverse_is_the_layers_and_undoes_forward(script: Any) -> None:
    given = places()
    assert np.abs(asked(script, "inverse", given) - wgs84_from_gcj02(given)).max() < 1e-9
    west, south, east, north = CHINA
    # Within 0.02 degrees of the edge a place may be in China in one datum only.
    deep = given[(given > [west + 0.02, south + 0.02]).all(axis=1) & (given < [east - 0.02, north - 0.02]).all(axis=1)]
    assert len(deep) > 1400
    assert np.abs(asked(script, "inverse", asked(script, "forward", deep)) - deep).max() < 1e-9


def test_outside_is_the_layers_rectangle(script: Any) -> None:
    given = places()
    assert (asked(script, "outside", given) == ~in_china(given)).all()
    abroad = given[~in_china(given)]
    assert (asked(script, "forward", abroad) == abroad).all() and (asked(script, "inverse", abroad) == abroad).all()


def test_what_is_no_place_comes_back(script: Any) -> None:
    given = np.array([[np.nan, 30.0], [110.0, np.nan], [np.inf, 30.0]])
    assert asked(script, "outside", given).all()
    np.testing.assert_array_equal(asked(script, "forward", given), given)
