"""Whole runs in the coefficient lab: train teams with settings of one's own, live, and lay their curves together.

What someone understands afterwards: what a setting does to a team in the long run, and how far apart seeds of the very
same setting lie, so that a difference between two settings is trusted only when it is larger than that.
"""

import textwrap
from dataclasses import dataclass, field, replace

import numpy as np

from ppo_lessons.config import PPOConfig
from ppo_lessons.display.picture import BLUE, DARK, GREEN, ORANGE, PINK, SMALL, new_panels, plain
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.interactive.controls import Button, Slider
from ppo_lessons.interactive.workbench import Workbench
from ppo_lessons.shipped.atlas import BEHAVIOUR, CYCLES, LEARNING, curves_of, load_atlas
from ppo_lessons.spirit_world.cases import CASES
from ppo_lessons.training import TrainingRun, TrainReport, train_cycle

EVERY = 4
"""Cycles between two points of a curve."""
LONGEST = CYCLES
"""Cycles that the figure has room for, as many as a run of the atlas has."""
AGENT_STEPS = PPOConfig().num_steps * PPOConfig().num_envs * CASES["standard"].num_detectives
"""Of one cycle with the default settings."""
LOOKS = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PINK, ":"), (DARK, "-"))
"""Colour and line style of a setting; the oldest makes room for the sixth."""
PANELS = (
    ("win_rate", "cases won", (0, 1.02), "linear"),
    ("survival", "standing at the end", (0, 1.02), "linear"),
    ("teaming_up", "together at a tough spirit", (1, 4), "linear"),
    ("entropy", "entropy (nats)", (0, 1.65), "linear"),
    ("approx_kl", "approx_kl (log scale)", (1e-6, 3), "log"),
)

PLANS = {
    1: "win_rate / survival / teaming_up / entropy / approx_kl / names",
    2: "win_rate survival / teaming_up entropy / approx_kl names",
    3: "win_rate survival teaming_up / entropy approx_kl names",
}


@dataclass
class Trial:
    """One setting, trained with several seeds."""

    config: PPOConfig
    cycles: int
    runs: list[TrainingRun]
    reports: list[list[TrainReport]]
    failed: list[str] = field(default_factory=list)
    """What ended a run early: numbers that were no longer finite."""
    _curves: np.ndarray = field(default_factory=lambda: np.empty((1, 0, len(BEHAVIOUR) + len(LEARNING))), repr=False)

    @property
    def name(self) -> str:
        """The settings that differ from the default ones."""
        usual = PPOConfig()
        names = ("clip_eps", "ent_coef", "vf_coef", "learning_rate", "epochs")
        changed = [f"{n} {getattr(self.config, n):g}" for n in names if getattr(self.config, n) != getattr(usual, n)]
        return ", ".join(changed) or "default settings"

    @property
    def seeds(self) -> str:
        """How many, in words."""
        return f"{len(self.runs)} seed{'s' * (len(self.runs) > 1)}"

    @property
    def finished(self) -> bool:
        """Whether every seed has had its cycles."""
        return all(len(reports) >= self.cycles for reports in self.reports) or bool(self.failed)

    def train(self) -> None:
        """Train the seed that is behind the others for one cycle."""
        behind = min(range(len(self.runs)), key=lambda s: len(self.reports[s]))
        try:
            self.reports[behind].append(train_cycle(self.runs[behind]))
        except NonFiniteError as error:
            self.failed.append(f"seed {self.runs[behind].config.seed}: {error}")

    def curves(self) -> np.ndarray:
        """Return the curves of all seeds as far as all have come, (S, P, Q); Q as in the atlas."""
        points = min(len(reports) for reports in self.reports) // EVERY
        if self._curves.shape[:2] != (len(self.runs), points):
            self._curves = self._work_out(points)
        return self._curves

    def _work_out(self, points: int) -> np.ndarray:
        return np.stack([curves_of(reports[: points * EVERY], EVERY) for reports in self.reports])


def new_trial(seeds: int, cycles: int, **changes: float) -> Trial:
    """Prepare a setting for training on the standard case.

    Args:
        seeds: How many, from 0.
        cycles: Of each seed.
        changes: Fields of `PPOConfig` that are not to have their default.

    Returns:
        The trial; nothing is trained yet.
    """
    config = replace(PPOConfig(), **changes)
    runs = [TrainingRun("standard", replace(config, seed=seed)) for seed in range(seeds)]
    return Trial(config, cycles, runs, [[] for _ in runs])


class RunsFace:
    """Five quantities over the course of training; a line is the mean of the seeds, its band reaches to all of them."""

    def __init__(self, columns: int = 2) -> None:
        self._letters = 34 if columns < 3 else 36
        self.figure, panels = new_panels(columns, PLANS, {1: 1.4, 2: 1.5, 3: 2.1}[columns])
        self.bands, self.lines = [], []
        atlas, middle = load_atlas(), PPOConfig()
        place = atlas.place(middle.clip_eps, middle.ent_coef, middle.vf_coef)
        for name, label, limits, scale in PANELS:
            axes = plain(panels[name], label, "million agent-steps" if name == "approx_kl" else "")
            axes.set(xlim=(0, LONGEST * AGENT_STEPS / 1e6), yscale=scale, ylim=limits)
            usual = atlas.curves[name][place].mean(axis=0)
            axes.plot(atlas.agent_steps / 1e6, usual, color="#8C8C8C", linewidth=4, zorder=0)
            for colour, style in LOOKS:
                self.bands.append(axes.fill_between([], [], [], color=colour, alpha=0.16, linewidth=0))
                self.lines += axes.plot([], [], linestyle=style, color=colour, linewidth=1.7)
        legend = panels["names"]
        legend.set_axis_off()
        legend.set(xlim=(0, 1), ylim=(-0.5, len(LOOKS) + 0.5))
        at = len(LOOKS)
        legend.plot([0, 0.12], [at, at], color="#8C8C8C", linewidth=4)
        legend.text(0.16, at, "default, from the atlas", fontsize=SMALL, va="center")
        self.keys = [legend.plot([], [], linestyle=style, color=colour, linewidth=1.7)[0] for colour, style in LOOKS]
        self.names = [legend.text(0.16, at - 1 - i, "", fontsize=SMALL, va="center") for i in range(len(LOOKS))]

    def show(self, trials: list[Trial]) -> str:
        """Draw the newest trials."""
        shown = trials[-len(LOOKS) :]
        first = len(trials) - len(shown)  # a setting keeps its colour when older ones leave the figure
        for slot in range(len(LOOKS)):
            trial = next((t for i, t in enumerate(shown, first) if i % len(LOOKS) == slot), None)
            self._draw(slot, trial)
        if not trials:
            return "nothing trained yet: choose settings and press Train"
        return "; ".join(_in_words(trial) for trial in shown)

    def _draw(self, slot: int, trial: Trial | None) -> None:
        at = len(LOOKS) - 1 - slot
        self.keys[slot].set_data(([0, 0.12], [at, at]) if trial else ([], []))
        self.names[slot].set_text(textwrap.fill(f"{trial.name}; {trial.seeds}", self._letters) if trial else "")
        curves = trial.curves() if trial else np.empty((1, 0, len(BEHAVIOUR) + len(LEARNING)))
        steps = np.arange(1, curves.shape[1] + 1) * EVERY * AGENT_STEPS / 1e6
        for i, (name, *_) in enumerate(PANELS):
            values = curves[:, :, (*BEHAVIOUR, *LEARNING).index(name)]
            known = np.isfinite(values).all(axis=0)
            x, y = steps[known], values[:, known]
            which = i * len(LOOKS) + slot
            self.lines[which].set_data(x, y.mean(axis=0))
            self.bands[which].set_data(x, y.min(axis=0), y.max(axis=0))


def _in_words(trial: Trial) -> str:
    done = min(len(reports) for reports in trial.reports)
    said = f"{trial.name}: cycle {done} of {trial.cycles}, {trial.seeds}"
    if trial.failed:
        return f"{said}, ended: {trial.failed[0]}"
    if done < EVERY:
        return said
    last = trial.curves()[:, -1]
    wins, standing = (last[:, BEHAVIOUR.index(name)] for name in ("win_rate", "survival"))
    if np.isnan(wins).any():
        return said
    return f"{said}, wins {wins.mean():.0%} ({wins.min():.0%} to {wins.max():.0%}), survival {standing.mean():.0%}"


class RunsLab(Workbench):
    """Trains settings one after the other, each with several seeds; every trial is kept in `trials`."""

    def __init__(self) -> None:
        self.trials: list[Trial] = []
        usual = PPOConfig()
        knobs = (
            Slider("clip_eps", "clip_eps", (0.02, 0.05, 0.1, 0.2, 0.4, 1.0), usual.clip_eps),
            Slider("ent_coef", "ent_coef", (0.0, 0.008, 0.025, 0.08, 0.25), usual.ent_coef),
            Slider("vf_coef", "vf_coef", (0.0, 0.1, 0.3, 1.0, 3.0, 10.0), usual.vf_coef),
            Slider("learning_rate", "learning_rate", (5e-4, 1.5e-3, 5e-3, 0.01, 0.02), usual.learning_rate),
            Slider("epochs", "epochs", (1, 2, 4, 8), usual.epochs),
            Slider("seeds", "seeds", (1, 2, 3, 4, 5), 3),
            Slider("cycles", "cycles", (8, 32, 60, 120, 180, LONGEST), 120),
        )
        buttons = (
            Button("train", "Train these settings"),
            Button("stop", "Stop"),
            Button("go on", "Go on"),
            Button("forget", "Forget all"),
            Button("reset", "Reset settings"),
        )
        text = "Whole runs: win_rate, survival, teaming_up, entropy and approx_kl of teams that you train"
        super().__init__("Whole runs", text, RunsFace, knobs, buttons)

    def work(self) -> bool:
        """Train the oldest unfinished trial for one cycle of one seed."""
        left = [trial for trial in self.trials if not trial.finished]
        if left:
            left[0].train()
        return bool(left)

    def look(self) -> list[Trial]:
        """Return all trials."""
        return list(self.trials)

    def press(self, button: str) -> None:
        """Train, stop, go on, forget, or put the settings back."""
        if button == "train":
            self.trials.append(new_trial(**self.controls.values))
            self.start()
        elif button == "go on":
            self.start()
        elif button == "reset":
            self.controls.reset()
        else:
            self.stop()
            if button == "forget":
                self.trials.clear()
                self.forget_failure()
                self.follow()
