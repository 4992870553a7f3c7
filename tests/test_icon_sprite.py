"""The icon sprite holds exactly the icons in use, and an unknown name is an error that helps (tools/vendor.py)."""

from pathlib import Path

import pytest

from tools import vendor
from tools.icon_names import icon_names

ICON = '<svg class="icon" width="24"><path stroke="none" d="M0 0h24v24H0z" fill="none" /><path d="M{0} {0}" /></svg>'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    outline = tmp_path / "node_modules/@tabler/icons/icons/outline"
    outline.mkdir(parents=True)
    for number, name in enumerate(["refresh", "check", "x", "player-stop", "settings"]):
        (outline / f"{name}.svg").write_text(ICON.format(number))
    filled = outline.parent / "filled"
    filled.mkdir()
    (filled / "star.svg").write_text(ICON.format(9))
    for package in vendor.PACKAGES:
        folder = tmp_path / "node_modules" / package
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(f'{{"name": "{package}", "version": "1.0.0", "license": "MIT"}}')
    for source in vendor.FILES.values():
        path = tmp_path / "node_modules" / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "body{}\n/*# sourceMappingURL=x.css.map */" if source.endswith(".css") else "x()\n//# sourceMappingURL=x.map"
        )
    (tmp_path / "templates").mkdir()
    (tmp_path / "ecm_site").mkdir()
    (tmp_path / "static").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("file", "text", "names"),
    [
        ("templates/a.html", '{% icon "refresh" %}', {"refresh"}),
        ("templates/a.html", "{% icon 'refresh' \"me-2 spin\" %}", {"refresh"}),
        ("templates/a.html", '{% icon run.done|yesno:"check,x" "text-danger" %}', {"check", "x"}),
        ("templates/a.html", '{% include "b.html" with icon="player-stop" label="x" %}', {"player-stop"}),
        ("templates/a.html", '{% icon entry.icon %} <a title="check">', set()),
        ("ecm_site/a.py", 'Entry("Tasks", icon="settings")', {"settings"}),
        ("ecm_site/a.py", '{"icon": "check"}', {"check"}),
        ("ecm_site/a.py", 'class Entry:\n    icon: str = "check"\n', {"check"}),
        ("ecm_site/a.py", 'STATUS_ICONS = {"done": "check", "failed": ("x", "Not OK")}', {"check", "x"}),
        ("ecm_site/a.py", 'icon_url = "refresh"\nicon="http://tv.example/x.png"', set()),
        ("static/a.js", 'icon("refresh"); use.href = sprite + "icons.svg#check"', {"refresh", "check"}),
        ("ecm_site/tests/a.py", 'icon="settings"', set()),
    ],
)
def test_names_are_found_where_they_are_used(checkout: Path, file: str, text: str, names: set[str]) -> None:
    path = checkout / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert set(icon_names(checkout, ["templates", "static", "ecm_site"])) == names


def test_a_symbol_keeps_the_drawing_and_drops_the_empty_box(checkout: Path) -> None:
    (checkout / "templates/a.html").write_text('{% icon "refresh" %}{% icon "star-filled" %}')
    assert vendor.build(checkout) == []
    sprite = (checkout / "build/vendor/icons.svg").read_text()
    assert '<symbol id="refresh" viewBox="0 0 24 24" fill="none" stroke="currentColor"' in sprite
    assert '<path d="M0 0" />' in sprite
    assert "M0 0h24v24H0z" not in sprite
    assert '<symbol id="star-filled" viewBox="0 0 24 24" fill="currentColor">' in sprite
    assert sprite.count("<symbol") == 2


def test_an_unknown_name_is_told_with_its_file_and_a_guess_and_the_others_are_cut(checkout: Path) -> None:
    (checkout / "templates/a.html").write_text('{% icon "refresh" %}{% icon "setings" %}')
    (problem,) = vendor.build(checkout)
    assert problem == 'templates/a.html: there is no Tabler icon "setings". Did you mean settings?'
    assert 'id="refresh"' in (checkout / "build/vendor/icons.svg").read_text()


def test_copies_name_no_source_map_and_carry_the_licences(checkout: Path) -> None:
    vendor.build(checkout)
    target = checkout / "build/vendor"
    assert (target / "tabler.min.css").read_text() == "body{}\n"
    assert (target / "tabler.min.js").read_text() == "x()\n"
    assert (target / "LICENSES.txt").read_text().count("(MIT)") == len(vendor.PACKAGES)


def test_what_did_not_change_is_not_written_again(checkout: Path) -> None:
    vendor.build(checkout)
    target = checkout / "build/vendor/tabler.min.css"
    before = target.stat().st_mtime_ns
    vendor.build(checkout)
    assert target.stat().st_mtime_ns == before


def test_a_missing_package_says_what_to_run(checkout: Path) -> None:
    (checkout / "node_modules/sortablejs/Sortable.min.js").unlink()
    with pytest.raises(vendor.VendorError, match="npm ci"):
        vendor.build(checkout)


def test_this_project_asks_for_no_unknown_icon() -> None:
    modules = vendor.ROOT / "node_modules"
    if not modules.is_dir():
        pytest.skip("front-end packages are not installed")
    _, problems = vendor.cut_sprite(modules, icon_names(vendor.ROOT, vendor.SOURCE_FOLDERS))
    assert problems == []
