"""The oracle stands beside its tests and is imported by its own name: it is no part of the package."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
