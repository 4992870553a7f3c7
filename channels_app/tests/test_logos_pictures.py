"""What a file is decides its content, not its name; hostile pictures are refused or made harmless."""

import io

import pytest
from PIL import Image

from channels_app.logos.pictures import LARGEST_FILE, MOST_PIXELS, NotAPicture, examine, looks_like_svg, thumbnail
from channels_app.logos.svg import BadSvg, sanitized_svg
from channels_app.tests.logo_fixtures import SCRIPTED_SVG, bomb_png, picture, png


@pytest.mark.parametrize(("form", "kind"), [("PNG", "png"), ("JPEG", "jpg"), ("GIF", "gif"), ("WEBP", "webp")])
def test_the_kind_comes_from_the_content(form: str, kind: str) -> None:
    data = picture(form)
    found = examine(data)
    assert (found.kind, found.width, found.height, found.data) == (kind, 60, 40, data)
    small = thumbnail(data)
    assert small.kind == "webp"
    with Image.open(io.BytesIO(small.data)) as image:
        assert image.size == (60, 40)


def test_a_large_picture_becomes_a_small_copy_and_keeps_its_transparency() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (1200, 600), (255, 0, 0, 100)).save(file, "PNG")
    small = thumbnail(file.getvalue())
    assert (small.width, small.height) == (192, 96)
    with Image.open(io.BytesIO(small.data)) as image:
        assert image.mode == "RGBA"
    assert len(small.data) < 4000


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty"),
        (b"<html><script>alert(1)</script></html>", "not a picture"),
        (b"MZ\x90\x00" + b"\0" * 100, "not a picture"),
        (png()[:60], "damaged or incomplete"),
        (b"GIF89a", "not a picture"),
        (b"\xff\xd8\xff" + b"\0" * 50, "not a picture"),
        (bomb_png(), "far too many pixels"),
        (bomb_png(7000), "million are taken"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * LARGEST_FILE, "at most 5 MB"),
        (b"BM" + b"\0" * 60, "not a picture"),
        (b"%PDF-1.7", "not a picture"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(data: bytes, sentence: str) -> None:
    with pytest.raises(NotAPicture, match=sentence):
        examine(data)
    if data and len(data) <= LARGEST_FILE:
        with pytest.raises(NotAPicture):
            thumbnail(data)


def test_the_cap_of_pixels_is_exact() -> None:
    side = int(MOST_PIXELS**0.5)
    assert examine(picture("PNG", side, side)).width == side
    with pytest.raises(NotAPicture, match="million"):
        examine(picture("PNG", side + 1, side + 1))


def test_an_svg_with_scripts_keeps_only_its_drawing() -> None:
    cleaned = examine(SCRIPTED_SVG)
    assert cleaned.kind == "svg"
    text = cleaned.data.decode()
    assert 'id="kept"' in text
    assert 'fill="url(#g)"' in text
    for bad in ("script", "alert", "javascript", "evil.example", "foreignObject", "onload", "import", "<set", "xhtml"):
        assert bad not in text


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>',
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"><rect>',
        "<svg>" + "<g>" * 30_000 + "</g>" * 30_000 + "</svg>",
        f'<svg xmlns="http://www.w3.org/2000/svg">{"<rect/>" * 25_000}</svg>',
        '<svg xmlns="http://example.com/other"/>',
        "<svg>" + " " * 2_000_000 + "</svg>",
    ],
)
def test_svgs_that_are_bombs_or_broken_are_refused(text: str) -> None:
    with pytest.raises(BadSvg):
        sanitized_svg(text.encode())


def test_copies_of_copies_cannot_draw_a_billion_times() -> None:
    layers = "".join(f'<g id="l{i + 1}">{f"""<use href="#l{i}"/>""" * 10}</g>' for i in range(9))
    cleaned = sanitized_svg(f'<svg xmlns="http://www.w3.org/2000/svg"><rect id="l0"/>{layers}</svg>'.encode()).decode()
    assert cleaned.count("<use") == 10  # those of the first layer, which copy a plain rectangle


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"<svg>", True),
        (b"\xef\xbb\xbf  <?xml version='1.0'?>\n<!-- a > b --><!DOCTYPE svg PUBLIC 'x' 'y'><svg xmlns='z'/>", True),
        (b"<!DOCTYPE svg [<!ELEMENT a ANY>]><svg/>", True),
        (b"<svgfoo/>", False),
        (b"<html><svg/></html>", False),
        (b"<!-- never closed <svg/>", False),
        (b"<!--" * 5000, False),
    ],
)
def test_an_svg_is_known_by_its_first_element(data: bytes, answer: bool) -> None:
    assert looks_like_svg(data) is answer
