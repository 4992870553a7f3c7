"""axe-core on pages that a browser has open: what it finds that keeps people from using them.

It comes with the locked front-end packages for development and is put into the page by the test; nothing of it is served.
"""

from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent.parent.parent / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
_RUN = """async ({rules, within}) => {
  const options = {resultTypes: ["violations"], ...(rules.length ? {runOnly: {type: "rule", values: rules}} : {})};
  const {violations} = await axe.run(within ? document.querySelector(within) : document, options);
  return violations.map(({id, impact, help, nodes}) => ({id, impact, help,
    nodes: nodes.slice(0, 3).map((node) => `${node.target.join(" ")}: ${node.html.slice(0, 160)}`)}));
}"""


def grave_violations(tab: Any, *, rules: tuple[str, ...] = (), within: str = "") -> list[str]:
    """A sentence for each serious or critical violation, with up to three places. ``rules``: only these of axe's rules.
    ``within``: a selector; only that part."""
    if not tab.evaluate("() => 'axe' in window"):
        tab.evaluate(SOURCE.read_text(encoding="utf-8"))
    found = tab.evaluate(_RUN, {"rules": list(rules), "within": within})
    return [
        f"{item['impact']} {item['id']}: {item['help']}\n    " + "\n    ".join(item["nodes"])
        for item in found
        if item["impact"] in GRAVE
    ]
