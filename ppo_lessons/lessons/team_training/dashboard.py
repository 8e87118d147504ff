"""The lesson's live dashboard: train, stop, go on, and watch the team of any moment.

What someone understands afterwards: which of its behaviours a team changes first, and how that looks on the board.
"""

import copy
from typing import NamedTuple

import numpy as np

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.config import PPOConfig
from ppo_lessons.display.picture import BLUE, DARK, GREEN, ORANGE, PINK, legend_above, new_panels, plain
from ppo_lessons.interactive.controls import Button, Slider
from ppo_lessons.interactive.theatre import Theatre
from ppo_lessons.interactive.workbench import Workbench
from ppo_lessons.lessons.team_training.figures import draw_band
from ppo_lessons.shipped.ages import REFERENCE, load_seed_curves
from ppo_lessons.shipped.atlas import BEHAVIOUR, LEARNING, curves_of
from ppo_lessons.spirit_world.evaluation import Replay, record
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.steps import DEFAULT_STEPS, Steps
from ppo_lessons.training import TrainingRun, TrainReport, train_cycle

CYCLES, EVERY, REPLAY_SEED = 240, 4, 106
"""Length of the training, cycles between two kept teams (and two points of the curves), and the case they play."""


class Training(NamedTuple):
    """What the dashboard shows."""

    agent_steps: np.ndarray
    """Where the points lie, in millions, (P,)."""
    curves: dict[str, np.ndarray]
    """Quantity -> (P,)."""
    cycle: int
    moment: int
    """The cycle whose team is watched."""
    running: bool
    ruined: str | None = None
    """What ruined the run, if something did: the first such word of its reports."""


class DashboardFace:
    """What the team achieves, how it behaves, and how it learns, with a mark at the moment that is watched."""

    LINES = (
        (0, "win_rate", ORANGE, "-"),
        (0, "survival", BLUE, "--"),
        (1, "teaming_up", GREEN, "-"),
        (1, "mate_distance", PINK, "--"),
        (2, "entropy", ORANGE, "-"),
        (2, "approx_kl", DARK, "--"),
        (2, "value_loss", GREEN, "-."),
    )

    def __init__(self, agent_steps: int, columns: int = 2) -> None:
        """Lay out the panels for a cycle of so many agent-steps."""
        plans = {1: "wins / behaves / learns", 2: "wins behaves / learns learns", 3: "wins behaves learns"}
        self.figure, named = new_panels(columns, plans, {1: 2.2, 2: 1.95, 3: 3}[columns])
        panels = [named[name] for name in ("wins", "behaves", "learns")]
        draw_band(panels[0], load_seed_curves())
        self.lines = {
            name: panels[i].plot(
                [], [], linestyle=style, marker=".", markersize=4, color=colour, linewidth=1.7, label=name
            )[0]
            for i, name, colour, style in self.LINES
        }
        titles = ("what the team achieves", "how it behaves", "how it learns (log scale)")
        limits = ((0, 1.02), (0, 4.2), (1e-3, 3))
        for axes, title, limit in zip(panels, titles, limits, strict=True):
            plain(axes, title, "million agent-steps")
            axes.set(xlim=(0, CYCLES * agent_steps / 1e6), ylim=limit)
            legend_above(axes, columns=3 if axes is panels[2] and columns == 2 else 2)
        panels[0].set_yticks([0, 0.5, 1])
        panels[2].set(yscale="log", ylim=limits[2])
        self.marks = [axes.axvline(0, color=DARK, linewidth=1, linestyle=":") for axes in panels]
        self.agent_steps = agent_steps

    def show(self, result: Training) -> str:
        """Draw the curves as far as they go."""
        for name, line in self.lines.items():
            line.set_data(result.agent_steps, result.curves[name])
        for mark in self.marks:
            mark.set_xdata([result.moment * self.agent_steps / 1e6] * 2)
        state = (
            "training"
            if result.running
            else "finished"
            if result.cycle >= CYCLES
            else "stopped"
            if result.cycle
            else "ready"
        )
        said = f"{state}: cycle {result.cycle} of {CYCLES}"
        if len(result.agent_steps):
            now = {name: curve[-1] for name, curve in result.curves.items()}
            said += f", {result.cycle * self.agent_steps / 1e6:.2f} million agent-steps"
            if np.isfinite(now["win_rate"]):
                said += (
                    f", wins {now['win_rate']:.0%}, survival {now['survival']:.0%}, teaming_up {now['teaming_up']:.2f}"
                )
            said += f", entropy {now['entropy']:.2f}, approx_kl {now['approx_kl']:.4f}"
        if result.ruined is not None:
            said += f". Ruined, {result.ruined[:-1]}"
        return f"{said}; on the boards: cycle {result.moment} and the newest team"


class TrainingDashboard(Workbench):
    """Train a team on the standard case, live.

    Args:
        steps: Every node of the flowchart, replaceable by name: your own functions.
        config: The settings; by default those of the reference run.
    """

    def __init__(self, steps: Steps = DEFAULT_STEPS, config: PPOConfig = REFERENCE) -> None:
        self._steps, self._config = steps, config
        self._begin()
        self._agent_steps = config.num_envs * config.num_steps * self.run.env.num_agents
        self.theatre = Theatre("The team at two moments", {}, "the same case, played by the team at two moments")
        self._on_stage: tuple[int, int] | None = None
        self._asked: int | None = None
        moments = tuple(range(0, CYCLES + 1, EVERY))
        knobs = (Slider("moment", "watch the team of cycle", moments, 0),)
        buttons = (Button("train", "Train"), Button("stop", "Stop"), Button("begin anew", "Begin anew"))
        text = "Training dashboard: win_rate, survival and behaviour of a team in training, and its replays"
        super().__init__("Training dashboard", text, self._face, knobs, buttons, (self.theatre,))

    def _face(self, columns: int) -> DashboardFace:
        return DashboardFace(self._agent_steps, columns)

    def _begin(self) -> None:
        self.run = TrainingRun("standard", self._config)
        self.reports: list[TrainReport] = []
        self.teams: dict[int, ActorCritic] = {0: copy.deepcopy(self.run.policy)}
        """Cycle -> the team after it; every fourth is kept."""

    def work(self) -> bool:
        """Train for one cycle."""
        if len(self.reports) >= CYCLES:
            return False
        self.reports.append(train_cycle(self.run, self._steps))
        if len(self.reports) % EVERY == 0:
            self.teams[len(self.reports)] = copy.deepcopy(self.run.policy)
        return len(self.reports) < CYCLES

    def look(self) -> Training:
        """Return the curves, and put the chosen team and the newest one on stage."""
        reports, teams = list(self.reports), sorted(self.teams)
        points = len(reports) // EVERY
        curves = curves_of(reports[: points * EVERY], EVERY)
        names = (*BEHAVIOUR, *LEARNING)
        asked = self.controls.values["moment"]
        moment = min(asked, teams[-1])
        if not self.running or asked != self._asked:  # while it trains, only when asked: the boards may be playing
            self._play(moment, teams[-1])
            self._asked = asked
        steps = np.arange(1, points + 1) * EVERY * self._agent_steps / 1e6
        kept = {name: curves[:, names.index(name)] for _, name, _, _ in DashboardFace.LINES}
        ruined = (f"cycle {report.cycle}: {report.update.ruined}" for report in reports if report.update.ruined)
        return Training(steps, kept, len(reports), moment, self.running, next(ruined, None))

    def _play(self, moment: int, newest: int) -> None:
        if self._on_stage != (moment, newest):
            self.theatre.put({f"cycle {moment}": self.replay(moment), f"newest: cycle {newest}": self.replay(newest)})
            self._on_stage = moment, newest

    def replay(self, cycle: int) -> Replay:
        """Let a kept team play the case that all of them play."""
        return record(policy_player(self.teams[cycle]), seed=REPLAY_SEED)

    def press(self, button: str) -> None:
        """Train or go on, stop, or begin anew."""
        if button == "train":
            self.start()
        else:
            self.stop()
            if button == "begin anew":
                self._begin()
                self._on_stage = None
                self.forget_failure()
                self.follow()
