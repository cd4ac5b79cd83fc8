"""The output folder of a run: locked while in use, written beside, published at once, so that it is never half.

While a run is at work, a lock file and a part folder stand beside the output folder (`.NAME.lock`, `.NAME.part`); when
it ends, well or not, both are gone. A run that is killed leaves them; the next one on the same folder removes them, or,
where the system cannot exchange two folders, first puts the earlier results back from `.NAME.old`.
"""

from siteplan.outfolder.folder import output_folder
from siteplan.outfolder.record import RECORD, write_record
from siteplan.outfolder.refusals import refused, writing

__all__ = ["RECORD", "output_folder", "refused", "write_record", "writing"]
