"""What it takes to serve the rest: trees of new pipes over corridors, sized, checked by EPANET and ranked."""

from siteplan.water.extensions.catalogue import Catalogue, load_catalogue
from siteplan.water.extensions.corridors import Corridors
from siteplan.water.extensions.design import ExtensionDesign, design_extensions

__all__ = ["Catalogue", "Corridors", "ExtensionDesign", "design_extensions", "load_catalogue"]
