"""The picture in the README, made of the shipped teams: `python -m ppo_lessons.lessons.start_here.readme_picture`."""

from pathlib import Path

from ppo_lessons.display.picture import Picture
from ppo_lessons.lessons.start_here.figures import CASE_SEED, show_ages
from ppo_lessons.shipped.ages import AGES, load_age
from ppo_lessons.spirit_world.evaluation import evaluate, record
from ppo_lessons.spirit_world.players import policy_player

PATH = Path(__file__).parents[3] / "docs" / "three_ages.png"


def three_ages() -> Picture:
    """Draw the shipped team at its three ages, on the same case and over the same 400 cases."""
    players = {age: load_age(age) for age in AGES}
    replays = {age: record(policy_player(team), seed=CASE_SEED) for age, team in players.items()}
    return show_ages(replays, {age: evaluate(policy_player(team)) for age, team in players.items()})


if __name__ == "__main__":
    PATH.write_bytes(three_ages().png)
