"""``bench pages`` finds pages by their links, opens each flavour of a view once, and tells the worst first."""

import pytest

from ecm_site.bench_pages import AT_ONCE, Taken, _results
from ecm_site.bench_pages_walk import Answer, is_fine, kind_of, open_again_and_again, walk
from ecm_site.benchmarks import Results


def site(pages: dict[str, str]):
    """Answers with these texts; what is not there is a 404."""
    asked: list[str] = []

    def get(path: str) -> Answer:
        asked.append(path)
        text = pages.get(path)
        return Answer(200 if text is not None else 404, "text/html; charset=utf-8", text or "", 0.01)

    return get, asked


def links(*addresses: str) -> str:
    return "".join(f' <a href="{address}">' for address in addresses)


def test_links_and_parts_are_followed_and_documents_are_not():
    get, asked = site(
        {"/": links("tasks/", "/static/x.css", "https://elsewhere.test/") + ' <div hx-get="/m3u/?page=2&amp;q=a">'}
    )
    assert [path for path, _ in walk(get, start=("/",))] == asked == ["/", "/tasks/", "/m3u/?page=2&q=a"]


def test_a_view_is_opened_once_for_each_set_of_parameters():
    get, asked = site({"/": links("/m3u/1/", "/m3u/2/", "/journal/?page=2", "/journal/?page=3", "/journal/")})
    list(walk(get, start=("/",)))
    assert asked == ["/", "/m3u/1/", "/journal/?page=2", "/journal/"]
    assert kind_of("/settings/general/") != kind_of("/settings/appearance/")


def test_combinations_of_parameters_end():
    get, asked = site({"/": links(*(f"/journal/?p{number}=1" for number in range(50)))})
    list(walk(get, start=("/",)))
    assert len(asked) == 1 + 6


def test_dialogs_about_selected_channels_are_opened_with_them():
    button = ' <button data-act="on-selection" data-url="{}">'
    get, asked = site({"/channels/": button.format("names/merge/") + button.format("profiles/selection/?mode=enable")})
    list(walk(get, selection="channel=1,2", start=("/channels/",)))
    assert asked[1:] == ["/channels/names/merge/?channel=1,2", "/channels/profiles/selection/?mode=enable&channel=1,2"]


def test_a_link_that_leads_nowhere_is_told_once():
    get, _ = site({"/": links("/no/such/", "/no/such/")})
    assert [(path, is_fine(answer)) for path, answer in walk(get, start=("/",))] == [("/", True), ("/no/such/", False)]


def test_a_page_that_breaks_later_ends_the_measurement():
    get, _ = site({"/": ""})
    assert open_again_and_again(get, ["/"] * 4, 2) == {"/": [0.01] * 4}
    with pytest.raises(RuntimeError, match="/gone/ answers 404"):
        open_again_and_again(get, ["/gone/"], 1)


def test_the_worst_page_is_told_first_and_those_above_the_limit_are_counted():
    pages = {
        "/quick/": Taken(well=[0.01] * 20, hanging=[0.01] * 20, at_once=[0.02] * 20, cpu=[0.005]),
        "/slow/": Taken(well=[0.1] * 20, hanging=[0.1] * 18 + [0.3, 0.3], at_once=[0.4] * 20, cpu=[0.09]),
    }
    results = _results({"shown": 1}, pages, [0.001])
    figures = {line.name: (line.value, line.holds) for line in results.lines}
    assert figures["pages whose p95 is above 200 ms, one after another"] == (1, False)
    assert figures[f"pages whose p95 is above 200 ms, {AT_ONCE} at once"] == (1, False)
    assert [row[0] for row in results.rows] == ["/slow/"]
    assert dict(zip(results.heads, results.rows[0], strict=True))["longest"] == "300 ms"
    assert "/quick/" in [row[0] for row in _results({"shown": 0}, pages, [0.001]).rows]


def test_a_second_table_stands_below_the_first():
    results = Results("Title", heads=("page", "p50"), rows=[("/", "1 ms")])
    results.add("one", 1.0, "ms")
    assert results.as_table().splitlines()[-3:] == ["| page | p50  |", "|------|------|", "| /    | 1 ms |"]
    assert results.as_json()["rows"] == [{"page": "/", "p50": "1 ms"}]
    assert Results("Title").as_json()["rows"] == []
