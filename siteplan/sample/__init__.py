"""Makes the sample county: a fictional mountain county in southern China, from a seed.

Terrain, rivers, settlements, roads, water and the rest follow from one another as they do in nature and in planning;
the faults of real road files are planted on purpose and listed.
"""

from __future__ import annotations

from siteplan.sample.county import SEED, make_sample

__all__ = ["SEED", "make_sample"]
