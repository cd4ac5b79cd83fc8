"""The made province stands beside the benchmarks, the made results and networks beside the tests of their rooms."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "webmap"), str(HERE.parent / "water")]
