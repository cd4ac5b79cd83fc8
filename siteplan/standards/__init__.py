"""Rule packs: every number of a standard with its clause, unit, source and confidence, and their loader."""

from siteplan.standards.power_profile import PowerProfile, load_power_profile, power_profile_names
from siteplan.standards.roads_profile import Distance, RoadProfile, Rule, load_road_profile, road_profile_names
from siteplan.standards.water_profile import (
    Walking,
    WaterDesign,
    WaterProfile,
    connection_words,
    load_walking,
    load_water_design,
    load_water_profile,
    water_design_names,
    water_profile_names,
)
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
    "PowerProfile",
    "RoadProfile",
    "Rule",
    "Speeds",
    "Walking",
    "WaterDesign",
    "WaterProfile",
    "connection_words",
    "load_inferred_surfaces",
    "load_power_profile",
    "load_road_profile",
    "load_speeds",
    "load_walking",
    "load_water_design",
    "load_water_profile",
    "normalise_word",
    "power_profile_names",
    "road_profile_names",
    "road_words",
    "water_design_names",
    "water_profile_names",
]
