"""Pins every Python package that the ``requirements*.in`` files lead to.

    .venv/bin/python tools/lock.py

Run it with the lowest supported Python: what that one needs is enough for later ones. Nothing is installed.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements", "requirements-dev", "requirements-node")


def resolve(source: Path) -> dict[str, str]:
    """Return name → version of everything that pip would install for ``source`` into an empty environment."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--ignore-installed",
        "--quiet",
        "--report",
        "-",
        "-r",
        str(source),
    ]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    installs = json.loads(answer.stdout)["install"]
    return {item["metadata"]["name"]: item["metadata"]["version"] for item in installs}


def main() -> int:
    runtime: dict[str, str] = {}
    for name in LOCKS:
        source = ROOT / f"{name}.in"
        pins = resolve(source)
        if name == "requirements":
            runtime = pins
        elif name == "requirements-dev":
            pins = {package: version for package, version in pins.items() if package not in runtime}
        lines = [f"# Made by tools/lock.py from {source.name}. Change that file, not this one."]
        lines += [f"{package}=={version}" for package, version in sorted(pins.items(), key=lambda pin: pin[0].lower())]
        (ROOT / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{name}.txt: {len(pins)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
