"""Rule packs: every number of a standard with its clause, unit, source and confidence, and their loader."""

from siteplan.standards.roads_profile import Distance, RoadProfile, Rule, load_road_profile, road_profile_names
from siteplan.standards.words import (
    InferredSurfaces,
    Speeds,
    load_inferred_surfaces,
    load_speeds,
    normalise_word,
    road_words,
)

__all__ = [
    "Distance",
    "InferredSurfaces",
    "RoadProfile",
    "Rule",
    "Speeds",
    "load_inferred_surfaces",
    "load_road_profile",
    "load_speeds",
    "normalise_word",
    "road_profile_names",
    "road_words",
]
