"""The floor of the guide benchmark: ElementTree reads the file and nothing is done with it. A process of its own runs it."""

import json
import sys
import time
from pathlib import Path
from xml.etree import ElementTree


def iterate_plainly(path: Path) -> int:
    """``iterparse`` as anybody would write it for a file that does not fit into memory; returns the programmes seen."""
    count = 0
    with path.open("rb") as file:
        for _, element in ElementTree.iterparse(file):  # noqa: S314 - a file that the benchmark made or was given
            if element.tag == "programme":
                count += 1
                element.clear()
    return count


def main() -> None:
    """``GUIDE``; prints one JSON object."""
    started = time.perf_counter()
    count = iterate_plainly(Path(sys.argv[1]))
    print(json.dumps({"seconds": time.perf_counter() - started, "programmes": count}))


if __name__ == "__main__":
    main()
