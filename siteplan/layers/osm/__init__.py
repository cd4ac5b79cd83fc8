"""OpenStreetMap extracts (.osm.pbf) as siteplan's layers.

`read_osm` reads an extract into tables with the columns of the layers' contracts, `write_osm_county` writes them
beside a plan that runs as it stands. Which tags become what stands in `tags.toml`.
"""

from siteplan.layers.osm.county import write_osm_county
from siteplan.layers.osm.extract import read_osm
from siteplan.layers.osm.tables import OsmExtract
from siteplan.layers.osm.tally import OsmCounts

__all__ = ["OsmCounts", "OsmExtract", "read_osm", "write_osm_county"]
