"""The made province stands beside the benchmarks, the made results beside the tests of the map."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "webmap")]
