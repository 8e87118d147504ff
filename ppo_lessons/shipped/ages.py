"""The team at its three ages, shipped with the package: chaos, survival and mastery.

Made by `python -m ppo_lessons.shipped.ages`: one training run with the default settings, kept at the first moment that
fits each age.
"""

import json
from pathlib import Path

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.checkpoints import load_policy, save_policy
from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.files import require_folder, write_whole
from ppo_lessons.spirit_world.behaviour import TeamBehaviour, recent
from ppo_lessons.spirit_world.evaluation import evaluate
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.training import TrainingRun, train

REFERENCE = PPOConfig(seed=2)
"""The run of the lesson on team training: its learning curve is shipped, to be laid beside the learner's own."""
FOLDER = Path(__file__).parent / "data" / "ages"
AGES = ("chaos", "survival", "mastery")


def load_age(age: str) -> ActorCritic:
    """Return the shipped team of one age, trained on the standard case.

    Args:
        age: chaos, survival or mastery.

    Returns:
        The team's network.

    Raises:
        ValueError: If there is no such age.
    """
    if age not in AGES:
        raise ValueError(f"An age is one of {', '.join(AGES)}. Got {age!r}")
    return load_policy(FOLDER / f"{age}.pt")


def fits(age: str, behaviour: TeamBehaviour) -> bool:
    """Say whether a team that behaves like this, over at least 400 standard cases, is of that age."""
    win_rate, survival = behaviour.win_rate, behaviour.survival
    return {
        "chaos": win_rate < 0.05 and survival < 0.5,
        "survival": win_rate < 0.15 and survival > 0.97,
        "mastery": win_rate > 0.97 and survival > 0.95,
    }[age]


def make_ages(
    folder: Path = FOLDER, config: PPOConfig | None = None, most_cycles: int = 1000
) -> dict[str, TeamBehaviour]:
    """Train a team on the standard case and save it when it first fits each age.

    Args:
        folder: Where to write chaos.pt, survival.pt and mastery.pt.
        config: The settings; by default those of `PPOConfig`.
        most_cycles: Give up after so many.

    Returns:
        The behaviour of each saved team over 400 cases.

    Raises:
        RuntimeError: If an age was not reached.
        FileNotFoundError: If there is no folder to make this one in.
    """
    require_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    run = TrainingRun("standard", config or PPOConfig())
    kept: dict[str, TeamBehaviour] = {}
    for report in train(run, most_cycles):
        age = AGES[len(kept)]
        if age != "chaos" and report.cycle % 5:
            continue
        behaviour = evaluate(policy_player(run.policy))
        if fits(age, behaviour):
            save_policy(run.policy, folder / f"{age}.pt")
            kept[age] = behaviour
            print(f"{age}: cycle {report.cycle}, {report.agent_steps:,} agent-steps, {behaviour}")
        if len(kept) == len(AGES):
            return kept
    raise RuntimeError(f"All ages must be reached within {most_cycles} cycles. Got {', '.join(kept) or 'none'}")


def make_reference_curve(folder: Path = FOLDER, cycles: int = 240) -> None:
    """Train the run of team training; write its win rate over the last 400 cases, cycle by cycle, as reference.json."""
    require_folder(folder)
    behaviours, curve = [], []
    for report in train(TrainingRun("standard", REFERENCE), cycles):
        behaviours.append(report.behaviour)
        win_rate = recent(behaviours, "win_rate", least=20)[-1]
        curve.append([report.agent_steps, round(win_rate, 4) if win_rate == win_rate else 0.0])
    write_whole(folder / "reference.json", lambda file: file.write(json.dumps(curve).encode()))


def load_reference_curve() -> list[tuple[int, float]]:
    """Return (agent-steps, win rate over the last 400 cases) of the reference run, one pair a cycle."""
    return [
        (int(steps), float(won)) for steps, won in json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))
    ]


if __name__ == "__main__":
    make_ages()
    make_reference_curve()
