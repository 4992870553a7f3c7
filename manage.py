#!/usr/bin/env python
"""Django's command-line entry point. Operators call it as ``./ecm manage …``."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecm_site.settings")
    from ecm_site.command_line import run

    run(sys.argv)


if __name__ == "__main__":
    main()
