"""``./ecm``: everything an operator or a developer starts goes through here.

Needs only the standard library; what else is missing it installs (:mod:`tools.prepare`).
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.prepare import Checkout, prepare  # noqa: E402
from tools.run_checks import run_checks, run_tests  # noqa: E402
from tools.shell import LauncherError, say  # noqa: E402

HELP = """\
ECM – Enhanced Channel Manager

    ./ecm run                start the web server and the task worker; Ctrl-C stops both
    ./ecm manage COMMAND …   run a maintenance command ("./ecm manage help" lists them)
    ./ecm test               run every check and test, as the project's CI does
    ./ecm test ARGUMENTS …   run pytest alone with these arguments, e.g. ./ecm test -k numbering
    ./ecm help               this text

The first start installs what is missing into this folder; later starts need no network.
Settings are read from the environment, for example:

    CONFIG_DIR   the data folder (default: data, in this folder)
    ECM_PORT     the port of the web server (default: 6100)
    ECM_BIND     the address it listens on (default: 0.0.0.0, the whole network)

README.md has the full list.
"""


def main(arguments: list[str]) -> int:
    command, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    checkout = Checkout()
    os.environ["CONFIG_DIR"] = str(checkout.data)
    try:
        match command:
            case "run":
                prepare(checkout)
                return become_manage(checkout, ["serve", *rest])
            case "manage":
                prepare(checkout)
                return become_manage(checkout, rest)
            case "test":
                prepare(checkout, for_tests=True)
                return run_tests(checkout, rest) if rest else run_checks(checkout)
            case "help" | "-h" | "--help":
                print(HELP, end="")
                return 0
            case _:
                say(f'There is no "./ecm {command}".\n')
                say(HELP)
                return 2
    except LauncherError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
        return 130


def become_manage(checkout: Checkout, arguments: list[str]) -> int:
    """Replace this process by manage.py: signals then reach it directly, and paths mean what the caller meant."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(checkout.python, [str(checkout.python), str(checkout.root / "manage.py"), *arguments])  # noqa: S606


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
