"""What the invented stations show."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Show:
    """``kind`` is plain, series (has episodes), film (title is made up) or match (opponents are)."""

    title: str
    minutes: int
    categories: tuple[str, ...]
    description: str
    kind: str = "plain"


SHOWS: dict[str, tuple[Show, ...]] = {
    "entertainment": (
        Show("Breakfast Table", 120, ("Show",), "Guests, recipes and the weather, until everybody has left the house."),
        Show("The Ferrymen", 60, ("Drama", "Series"), "A family runs the last ferry of a small harbour.", "series"),
        Show("Corner Shop", 30, ("Comedy", "Series"), "Nobody buys anything, everybody stays for hours.", "series"),
        Show("Inspector Maple", 60, ("Crime", "Series"), "Quiet villages, loud secrets.", "series"),
        Show("Quiz at Eight", 45, ("Quiz",), "Four neighbours, twenty questions, one wheelbarrow to win."),
        Show("Second Helping", 30, ("Cooking",), "Yesterday's dinner becomes today's feast."),
        Show("The Late Porch", 60, ("Talk",), "Two chairs, two guests, no desk."),
    ),
    "news": (
        Show("Morning Briefing", 60, ("News",), "What happened overnight and what the day will bring."),
        Show("Newsroom", 30, ("News",), "Headlines, correspondents, weather."),
        Show("World Report", 30, ("News", "Magazine"), "Three stories from three continents."),
        Show("The Long Interview", 60, ("Talk", "Politics"), "One guest, one hour, all questions."),
        Show("Markets Today", 30, ("Business",), "Openings, closings and why."),
    ),
    "sports": (
        Show("Live Football", 120, ("Sports", "Football"), "The match of the day with half-time analysis.", "match"),
        Show("Live Basketball", 150, ("Sports", "Basketball"), "League play, four quarters.", "match"),
        Show("Highlights", 30, ("Sports",), "Goals, saves and falls of the past day."),
        Show("Studio Whistle", 60, ("Sports", "Talk"), "Referees explain what they saw."),
        Show("Classic Races", 60, ("Sports", "Motorsport"), "Great finishes from the archive."),
    ),
    "movies": (
        Show("Film", 105, ("Movie", "Drama"), "A stranger arrives, and the town is not what it was.", "film"),
        Show("Film", 95, ("Movie", "Comedy"), "A wedding, a storm and the wrong suitcase.", "film"),
        Show("Film", 120, ("Movie", "Thriller"), "One phone call changes a quiet night shift.", "film"),
        Show("Behind the Lamp", 15, ("Magazine",), "How the picture was made."),
    ),
    "kids": (
        Show("Paper Boat Pirates", 15, ("Children", "Animation"), "A puddle is an ocean if you are small.", "series"),
        Show("Count With Carla", 15, ("Children", "Education"), "Numbers up to twenty, and one more."),
        Show("The Kite Club", 30, ("Children", "Series"), "Five friends, one very large kite.", "series"),
        Show("Bedtime Bear", 15, ("Children",), "A story, a song, lights out."),
    ),
    "documentary": (
        Show("Rivers of Stone", 60, ("Documentary", "Nature"), "How ice carved the valleys we live in.", "series"),
        Show("Signals", 60, ("Documentary", "Science"), "From beacons to satellites.", "series"),
        Show("Old Roads", 45, ("Documentary", "History"), "Walking where traders walked.", "series"),
        Show("Field Notes", 30, ("Documentary",), "A biologist, a tent and a lot of patience."),
    ),
    "music": (
        Show("Non-stop Clips", 180, ("Music",), "Three hours without a word."),
        Show("Live from the Cellar", 60, ("Music", "Concert"), "A small stage, a full house."),
        Show("Backstage", 30, ("Music", "Magazine"), "Tours, charts, rumours."),
    ),
}

EPISODE_TITLES = (
    "The Long Way Home",
    "Two of a Kind",
    "Low Tide",
    "A Letter for Nora",
    "Snow in April",
    "The Missing Key",
    "Market Day",
    "Half Past Never",
    "Borrowed Boots",
    "The Visitor",
    "North Wind",
    "Old Friends",
)
_TEAMS = (
    "Ashford Rovers",
    "Brindle City",
    "Calder Athletic",
    "Dunmore",
    "Eastwick United",
    "Fenwater",
    "Granby Town",
    "Hollowell",
)
_FIRST = ("Silent", "Golden", "Last", "Crooked", "Distant", "Paper", "Burning", "Hidden", "Seventh", "Velvet")
_SECOND = ("Harbour", "Witness", "Orchard", "Express", "Lighthouse", "Promise", "Garden", "Mountain", "Letter", "Summer")


def film_title(dice: random.Random) -> str:
    return f"The {dice.choice(_FIRST)} {dice.choice(_SECOND)}"


def match_title(dice: random.Random) -> str:
    home, away = dice.sample(_TEAMS, 2)
    return f"{home} – {away}"
