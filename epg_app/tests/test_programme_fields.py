"""30 §4.4: every child of a programme."""

import pytest

from epg_app.tests.reading import content_of


def test_the_first_non_empty_title_wins_without_a_preferred_language() -> None:
    read = content_of('<title> </title><title lang="fr">Le chat</title><title lang="en">The cat</title>')
    assert read["title"] == "Le chat"


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "The cat"), ("fr", "Le chat"), ("FR", "Le chat"), ("de", "Le chat"), ("en-GB", "The cat, mate"), ("pt", "Le chat")],
)
def test_the_preferred_language_wins_and_a_dialect_is_better_than_nothing(language: str, title: str) -> None:
    inside = '<title lang="fr">Le chat</title><title lang="en">The cat</title><title lang="en_GB">The cat, mate</title>'
    assert content_of(inside, language)["title"] == title
    assert content_of(inside.replace("title", "desc"), language)["description"] == title
    assert content_of(inside.replace("title", "sub-title"), language)["sub_title"] == title


def test_an_exact_language_beats_a_dialect_that_comes_first() -> None:
    assert content_of('<title lang="en-GB">Lift</title><title lang="en">Elevator</title>', "en")["title"] == "Elevator"


def test_a_programme_without_title_gets_one() -> None:
    assert content_of("<desc>Something</desc>")["title"] == "No title"
    assert content_of("<title></title>")["title"] == "No title"


def test_a_long_title_is_cut_and_a_long_description_is_not() -> None:
    read = content_of(f"<title>{'x' * 300}</title><desc>{'y' * 9000}</desc>")
    assert read["title"] == "x" * 255
    assert read["description"] == "y" * 9000


def test_line_breaks_in_a_title_become_blanks() -> None:
    assert content_of("<title>\n  The\n\tcat  </title>")["title"] == "The cat"


def test_categories_are_trimmed_and_doubles_go_whatever_their_case() -> None:
    inside = "<category> Sport </category><category>News</category><category>SPORT</category><category/><category> </category>"
    assert content_of(inside)["categories"] == ["Sport", "News"]


def test_the_first_icon_with_an_address_is_taken() -> None:
    assert (
        content_of("<icon/><icon src=''/><icon src='http://x/1.png'/><icon src='http://x/2.png'/>")["icon"] == "http://x/1.png"
    )
    assert content_of('<icon width="10" src="http://x/a?b=1&amp;c=2" height="5" />')["icon"] == "http://x/a?b=1&c=2"


def test_credits_keep_job_role_guest_and_order() -> None:
    inside = (
        "<credits><director>A B</director><actor role='Mum' guest='yes'>C D</actor><actor>E</actor><actor/>"
        "<writer>F &amp; G</writer><unknown>x</unknown><guest>H</guest></credits><category>News</category>"
    )
    read = content_of(inside)
    assert read["extra"]["credits"] == [
        ["director", "A B"],
        ["actor", "C D", "Mum", True],
        ["actor", "E", "", False],
        ["writer", "F & G"],
        ["guest", "H"],
    ]
    assert read["categories"] == ["News"]


def test_an_actor_may_hold_pictures_of_his_own() -> None:
    read = content_of('<credits><actor>Ann<image type="person">http://x/a.jpg</image></actor><actor>Bob</actor></credits>')
    assert [credit[1] for credit in read["extra"]["credits"]] == ["Ann", "Bob"]
    assert "images" not in read["extra"]


def test_ratings_keep_value_and_system_and_their_icon_is_not_the_programmes() -> None:
    inside = (
        '<rating system="VCHIP"><value>TV-14</value><icon src="http://x/tv14.png"/></rating><rating><value>12</value></rating>'
        '<rating system="EMPTY"><value/></rating><icon src="http://x/poster.jpg"/>'
        '<star-rating system="IMDB"><value>7.5/10</value></star-rating>'
    )
    read = content_of(inside)
    assert read["extra"]["ratings"] == [["TV-14", "VCHIP"], ["12", ""]]
    assert read["extra"]["star_ratings"] == [["7.5/10", "IMDB"]]
    assert read["icon"] == "http://x/poster.jpg"


def test_everything_else_is_kept_for_output() -> None:
    inside = (
        "<date>2008</date><language>English</language><orig-language>French</orig-language>"
        "<country>US</country><country>CA</country><keyword>a</keyword><keyword>b</keyword><keyword>a</keyword>"
        '<length units="minutes">60</length><url>http://x/</url>'
        "<video><present>yes</present><aspect>16:9</aspect><quality>HDTV</quality></video><audio><stereo>dolby</stereo></audio>"
        '<subtitles type="teletext"><language>en</language></subtitles><subtitles/>'
        '<review type="text" source="S" reviewer="R" lang="en">Fine.</review>'
        '<image type="poster" size="3" orient="P" system="tmdb">http://x/p.jpg</image>'
        '<previously-shown start="20170101" channel="b"/>'
    )
    read = content_of(inside)
    assert read["length"] == 60
    assert read["extra"] == {
        "date": "2008",
        "language": "English",
        "orig_language": "French",
        "countries": ["US", "CA"],
        "keywords": ["a", "b"],
        "length": [60, "minutes"],
        "url": "http://x/",
        "video": {"present": "yes", "aspect": "16:9", "quality": "HDTV"},
        "audio": {"stereo": "dolby"},
        "subtitles": [["teletext", "en"]],
        "reviews": [{"text": "Fine.", "type": "text", "source": "S", "reviewer": "R", "lang": "en"}],
        "images": [{"url": "http://x/p.jpg", "type": "poster", "size": "3", "orient": "P", "system": "tmdb"}],
        "flags": ["repeat"],
        "previously_shown": {"start": "20170101", "channel": "b"},
    }


def test_flags_are_true_by_presence() -> None:
    assert content_of("<new/><live></live><last-chance>Tonight</last-chance>")["extra"] == {
        "flags": ["new", "live", "last_chance"],
        "last_chance": "Tonight",
    }


def test_a_premiere_that_speaks_of_a_finale_is_both() -> None:
    extra = content_of("<premiere>Season Finale</premiere>")["extra"]
    assert extra == {"flags": ["premiere", "finale"], "premiere": "Season Finale"}
    assert content_of("<premiere/>")["extra"] == {"flags": ["premiere"]}


@pytest.mark.parametrize(
    ("inside", "minutes"),
    [
        ('<length units="hours">2</length>', 120),
        ("<length>45</length>", 45),
        ('<length units="seconds">1800</length>', 30),
        ('<length units="parsecs">5</length>', 0),
        ("<length>-5</length>", 0),
        ("<length>many</length>", 0),
    ],
)
def test_a_length_has_units(inside: str, minutes: int) -> None:
    assert content_of(inside)["length"] == minutes


def test_unknown_children_and_their_contents_are_ignored() -> None:
    read = content_of("<foo><bar>x</bar></foo><title>T</title><audio-description/><sport>Rugby</sport>")
    assert read["title"] == "T"
    assert read["extra"] == {}


def test_one_programme_cannot_hold_endless_lists() -> None:
    inside = "".join(f"<keyword>{number}</keyword>" for number in range(5000))
    assert len(content_of(inside)["extra"]["keywords"]) == 500
