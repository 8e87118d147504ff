"""Functions that passed are collected in the learner's own file: readable, runnable, and never lost."""

import ast
import contextlib
import io
import random
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import matplotlib.pyplot as plt
import pytest
import torch

from ppo_lessons.checkpoints import load_policy
from ppo_lessons.classroom.checks import diagnose, passes
from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.classroom.my_ppo import collect, my_file, my_functions, my_steps, my_way, my_world
from ppo_lessons.classroom.own_file import read
from ppo_lessons.config import PPOConfig
from ppo_lessons.lessons import EXERCISES, check, desk
from ppo_lessons.other_worlds.adapters import GymnasiumTeam
from ppo_lessons.spirit_world.curriculum import Way
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainingRun, train
from tests.answers import RIGHT as RIGHT_ANSWERS
from tests.answers import unfolded
from tests.classroom.cells import define, typed
from tests.classroom.exam_answers import read_exam, written

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PPO_LESSONS_HOME", str(tmp_path))
    return tmp_path


class Solved(NamedTuple):
    """What is there once every exercise has been solved, the last one first."""

    text: str
    """Of the file."""
    files: list[str]
    printed: str


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Solved:
    folder, printed = tmp_path_factory.mktemp("solved"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setenv("PPO_LESSONS_HOME", str(folder))
        for exercise in reversed(EXERCISES):
            check(typed(solution_source(exercise), exercise.name))
        text = my_file().read_text()
    return Solved(text, [path.name for path in folder.glob("my_ppo*")], printed.getvalue())


TOTAL = define("total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef)", "return {}")
RIGHT = TOTAL.format("actor_loss + vf_coef * critic_loss - ent_coef * entropy")


def test_a_passed_function_is_collected_with_its_lesson_and_box(capsys: pytest.CaptureFixture[str]):
    check(typed(RIGHT, "total_loss"))
    text = my_file().read_text()
    assert "# --- 10.3 total_loss: lesson 10, box N of the flowchart ---" in text and RIGHT.strip() in text
    assert set(my_functions()) == {"total_loss"}
    assert my_steps().total_loss is not Steps().total_loss
    assert re.search(r"your own +total_loss\n", capsys.readouterr().out)


@pytest.mark.parametrize("body", ["...", "actor_loss", "1 / 0"])
def test_what_did_not_pass_is_not_collected(body: str):
    check(typed(TOTAL.format(body), "total_loss"))
    assert not my_file().exists()


def test_a_new_version_replaces_the_old_one_and_a_copy_is_kept(own_home: Path):
    check(typed(RIGHT, "total_loss"))
    check(typed(RIGHT, "total_loss"))
    assert not list(own_home.glob("*.bak.py")), "the same again changes nothing"
    other = TOTAL.format("actor_loss - ent_coef * entropy + vf_coef * critic_loss")
    check(typed(other, "total_loss"))
    copies = list(own_home.glob("my_ppo.*.bak.py"))
    assert len(copies) == 1 and RIGHT.strip() in copies[0].read_text()
    assert my_file().read_text().count("def total_loss") == 1 and other.strip() in my_file().read_text()


def test_what_the_learner_wrote_in_the_file_stays():
    check(typed(RIGHT, "total_loss"))
    my_file().write_text(my_file().read_text().replace('"""My own PPO', '"""Keiko\'s PPO') + "\n\nANSWER = 42\n")
    gradient = desk.find("11.2")
    check(typed(solution_source(gradient), "gradient_step"))
    text = my_file().read_text()
    assert "Keiko's PPO" in text and "ANSWER = 42" in text
    assert set(my_functions()) == {"total_loss", "gradient_step"}


def test_imports_and_helpers_of_the_notebook_come_along():
    source = (
        "import math\nfrom torch.nn import functional as F\nHALF = 0.5\n"
        "def square(x):\n    return x * x * HALF / HALF\n"
        "def value_loss(values, returns):\n    assert math.pi > 3\n"
        "    return square(values - returns).mean() + 0 * F.relu(values).sum()\n"
    )
    assert collect(desk.find("9.1"), typed(source, "value_loss"), EXERCISES) is None
    loaded = my_functions()["value_loss"]
    assert float(loaded(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))) == 5.0


def test_a_damaged_file_is_said_and_the_packages_steps_are_used(capsys: pytest.CaptureFixture[str]):
    my_file().write_text("def broken(:\n")
    assert my_steps() == Steps()
    assert "my_ppo.py does not run" in capsys.readouterr().out
    check(typed(RIGHT, "total_loss"))
    assert "could not be put into my_ppo.py" in unfolded(capsys.readouterr().out)
    assert my_file().read_text() == "def broken(:\n", "nothing of the learner's is overwritten"


def test_whoever_solves_everything_trains_the_same_team(solved: Solved):
    assert solved.printed.count("✔") == len(EXERCISES)
    my_file().write_text(solved.text)
    own = my_functions()
    assert {"gae", "detach_rows", "shuffle_rows", "split_rows", "log_probs_of", "importance_ratios"} <= set(own)
    assert {"clipped_surrogate_loss", "value_loss", "entropy_bonus", "total_loss", "gradient_step"} <= set(own)
    config = PPOConfig(num_envs=32, minibatch_size=256)
    runs = [TrainingRun("standard", config) for _ in range(2)]
    mine = [report.update for report in train(runs[0], 3, my_steps())]
    reference = [report.update for report in train(runs[1], 3)]
    assert mine == reference


def trained(functions: Mapping[str, Callable[..., Any]]) -> list[float]:
    """Train two cycles with these functions, each where it belongs; gives all numbers of the first update.

    In the second cycle a last digit that was rounded otherwise may already have drawn another action.
    """
    steps = {field.name for field in fields(Steps)} - {"shuffle_rows"}  # another order is another run, and as right
    world = SpiritWorld("standard", 8, **{name: functions[name] for name in ("rewards_of", "who_acts_next")})
    sizes = dict(num_envs=8, num_steps=8, minibatch_size=64, anneal_cycles=10, target_kl=0.05)
    critic = dict(shared_trunk=False, critic="team", value_normalisation=True)
    run = TrainingRun(world, PPOConfig(**sizes, **critic))
    own = Steps(**{name: function for name, function in functions.items() if name in steps})
    first, _ = train(run, 2, own)
    return [float(number) for number in vars(first.update).values()]


@pytest.mark.parametrize("name", ["Taxi-v4", "Pendulum-v1"])
def test_right_answers_of_every_style_train_where_actions_are_masked_or_real_numbers(name: str):
    """Lesson 16: an entropy of one's own meets probabilities of exactly 0, a rollout of one's own other actions."""
    config, names = PPOConfig(num_envs=2, num_steps=8, minibatch_size=8), {field.name for field in fields(Steps)}
    tried = 0
    for exercise in EXERCISES:
        for answer in RIGHT_ANSWERS[exercise.number] if exercise.name in names else ():
            run = TrainingRun(GymnasiumTeam(lambda: gymnasium.make(name), 2), config)
            assert next(train(run, 1, Steps(**{exercise.name: answer}))).cycle == 1
            tried += 1
    assert tried > 100


@pytest.mark.filterwarnings("ignore:__array_wrap__")  # of numpy's, for `np.greater` of a tensor
def test_right_answers_of_every_style_train_the_same_team_together():
    """Some wire by keyword, some name their inputs otherwise, some ask autograd: what passes alone, fits the others."""
    styles = {exercise.name: [exercise.function, *RIGHT_ANSWERS[exercise.number]] for exercise in EXERCISES}
    for which in ("first", "second"):
        for answer in read_exam(which):
            if answer.is_right:
                function = written(answer)
                styles[function.__name__].append(function)
    expected = trained({name: functions[0] for name, functions in styles.items()})
    luck = random.Random(0)
    mixed = {name: luck.sample(functions, len(functions)) for name, functions in styles.items()}
    for place in range(2 * max(map(len, mixed.values()))):  # each answer twice or more, beside others each time
        together = {name: functions[place % len(functions)] for name, functions in mixed.items()}
        assert trained(together) == pytest.approx(expected, rel=1e-3, abs=1e-3), place


def test_the_decisions_on_the_way_are_handed_to_it_and_not_to_the_training():
    for name in ("is_ready", "carry_over", "forgetting", "team_obs"):
        check(typed(solution_source(desk.find(name)), name))
    assert set(my_functions()) == {"team_obs"} and my_steps().team_obs is not Steps().team_obs
    own, given = my_way(), Way()
    assert all(getattr(own, name) is not getattr(given, name) for name in ("is_ready", "carry_over", "forgetting"))
    assert "WAY = Way(is_ready=is_ready, carry_over=carry_over, forgetting=forgetting)" in my_file().read_text()


def test_the_rules_of_the_world_are_handed_to_it_and_not_to_the_training():
    for name in ("rewards_of", "who_acts_next", "gae"):
        check(typed(solution_source(desk.find(name)), name))
    assert set(my_functions()) == {"gae"} and my_steps().gae is not Steps().gae
    world, plain = my_world("standard", 8), SpiritWorld("standard", 8)
    assert world._rewards_of is not plain._rewards_of and world._who_acts_next is not plain._who_acts_next
    runs = [TrainingRun(env, PPOConfig(num_envs=8, minibatch_size=64)) for env in (world, plain)]
    mine, reference = ([report.mean_reward for report in train(run, 3)] for run in runs)
    assert mine == reference


WATCHED = """
import runpy, sys, threading
called = set()
def note(frame, event, argument):
    if event == "call" and frame.f_code.co_filename == sys.argv[1]:
        called.add(frame.f_code.co_name)
sys.setprofile(note), threading.setprofile(note)
runpy.run_path(sys.argv[1], run_name="__main__")
sys.setprofile(None), threading.setprofile(None)
print("called:", *sorted(called))
"""


def test_every_function_takes_part_when_the_file_runs(solved: Solved):
    my_file().write_text(solved.text.replace("CYCLES = 300", "CYCLES = 3"))
    command = [sys.executable, "-c", WATCHED, str(my_file())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    called = set(done.stdout.split("called: ")[1].split())
    assert {exercise.name for exercise in EXERCISES} <= called


def test_the_file_runs_by_itself_from_anywhere(own_home: Path, tmp_path_factory: pytest.TempPathFactory):
    check(typed(RIGHT, "total_loss"))
    my_file().write_text(my_file().read_text().replace("CYCLES = 300", "CYCLES = 3"))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    command = [sys.executable, str(my_file())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    assert "The team: my_team.pt" in done.stdout and "3/3" in done.stderr
    assert load_policy(own_home / "my_team.pt").num_actions == 5
    assert (own_home / "my_curve.png").stat().st_size > 5000 and not list(elsewhere.iterdir())


def test_ctrl_c_ends_it_early_and_keeps_the_team(own_home: Path):
    check(typed(RIGHT, "total_loss"))
    text = my_file().read_text()
    interrupted = text.replace("for report in tqdm(", "for report in interrupted(tqdm)(").replace(
        "if __name__", "def interrupted(tqdm):\n    def bar(reports, **more):\n        yield next(reports)\n"
        "        raise KeyboardInterrupt\n    return bar\n\n\nif __name__"
    )  # fmt: skip
    my_file().write_text(interrupted)
    done = subprocess.run([sys.executable, str(my_file())], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Ended after 1 cycles." in done.stdout and (own_home / "my_team.pt").exists()


def test_thirty_passes_leave_one_file(solved: Solved):
    assert solved.files == ["my_ppo.py"]


def test_it_reads_in_the_order_of_the_flowchart_with_each_function_once(solved: Solved):
    text = solved.text
    nodes = re.findall(r"^# --- [\d.]+ \w+: lesson \d\d, box (\w)", text, flags=re.MULTILINE)
    assert len(nodes) == len(EXERCISES) and nodes == sorted(nodes)
    tree = ast.parse(text)
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert sorted(names) == sorted(
        [*(exercise.name for exercise in EXERCISES), "main", "trained", "world", "into_the_fog", "elsewhere", "as_two"]
    )
    assert text.count('"""My own PPO') == 1
    steps = next(node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "STEPS")
    in_steps = {keyword.arg for keyword in steps.keywords}
    for exercise in EXERCISES:
        assert bool(exercise.used) != (exercise.name in in_steps), (
            f"{exercise.number} takes part, or says where it is used"
        )


NOTEBOOK = """
import math
import torch.nn.functional as F
from math import nan
from typing import Optional
from torch import exp, log as ln
gamma = 0.98
num_rows = 1934
table = torch.ones(3)
LIMITS = (0.5, [1, 2])
def square(x):
    return x * x
twice = lambda x: 2 * x
"""


def in_the_notebook() -> dict:
    """What stands in a notebook before an answer."""
    names: dict = {"__name__": "__main__", "torch": torch}
    typed(NOTEBOOK, "square", names)
    return names


def collected(number: str, source: str, names: dict | None = None) -> str:
    """The file after a right answer."""
    exercise = desk.find(number)
    assert exercise is not None
    names = in_the_notebook() if names is None else names
    assert check(typed(source, exercise.name, names)) is not exercise.function, "a right answer"
    return my_file().read_text() if my_file().exists() else ""


def test_nothing_of_the_notebook_comes_along_but_what_is_needed():
    lines = "num_rows = 1", "return rewards + gamma * next_values - values * num_rows"
    text = collected("3.1", define("td_errors(rewards, values, next_values, gamma)", *lines))
    assert "0.98" not in text and "1934" not in text and "import math" not in text and "square" not in text


RATIOS, VALUE = "importance_ratios(new, old)", "value_loss(values, returns)"
STOP = "should_stop(kl: float, target_kl: Optional[float]) -> bool"


@pytest.mark.parametrize(
    ("number", "signature", "line", "says"),
    [
        ("7.2", RATIOS, "return exp(new - old)", "from torch import exp"),
        ("7.2", RATIOS, "return (new - old + 0 * ln(exp(new))).exp()", "from torch import exp, log as ln"),
        ("12.2", STOP, "return target_kl is not None and kl > 1.5 * target_kl", "from typing import Optional"),
        ("2.3", "mean_over_acting(q, acting)", "return q[acting].mean() if acting.any() else torch.tensor(nan)",
         "from math import nan"),
        ("9.1", VALUE, "return square(values - returns).mean()", "def square(x):"),
        ("9.1", VALUE, "return twice(square(values - returns)).mean() * LIMITS[0]", "twice = lambda x: 2 * x"),
        ("9.1", VALUE, "return F.mse_loss(values, returns)", "from torch.nn import functional as F"),
    ],
    ids=["from C", "under another name", "a type", "a constant of a module", "a helper", "a lambda", "a module"],
)  # fmt: skip
def test_all_that_is_needed_comes_along(number: str, signature: str, line: str, says: str):
    text = collected(number, define(signature, line))
    assert says in text
    exercise = desk.find(number)
    assert exercise is not None
    names: dict = {"__name__": "alone"}
    exec(compile(text, "my_ppo.py", "exec"), names)
    assert diagnose(exercise, names[exercise.name]).kind == "passed"


def test_a_closure_comes_along_as_a_constant():
    inner = "    def should_stop(kl, target_kl):", "        return target_kl is not None and kl > factor * target_kl"
    made = "\n".join(["def make():", "    factor = 1.5", *inner, "    return should_stop", ""])
    names = in_the_notebook()
    answer = typed(made, "make", names)()
    assert check(answer) is answer
    assert "factor = 1.5" in my_file().read_text() and "def should_stop" in my_file().read_text()


def test_what_cannot_come_along_is_said_and_spoils_nothing(capsys: pytest.CaptureFixture[str]):
    before = collected("10.3", RIGHT)
    source = define("value_loss(values, returns)", "return (values - returns).square().mean() * table[0]")
    assert collected("9.1", source) == before
    said = unfolded(capsys.readouterr().out)
    assert "9.1 value_loss: right" in said and "but could not be put into my_ppo.py: it uses table, a Tensor" in said
    assert set(my_functions()) == {"total_loss"}


def test_helpers_of_one_name_do_not_overwrite_each_other():
    collected("9.1", define("value_loss(values, returns)", "return square(values - returns).mean()"))
    other = in_the_notebook()
    typed(define("square(x)", "return x.square().mean()"), "square", other)
    source = define("entropy_bonus(entropy)", "return entropy.mean() + 0 * square(entropy)")
    text = collected("10.2", source, other)
    assert text.count("def square(") == 1 and "square_10_2" in text
    own = my_functions()
    assert float(own["value_loss"](torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))) == 5.0
    assert float(own["entropy_bonus"](torch.tensor([1.0, 3.0]))) == 2.0


def test_a_rewritten_answer_leaves_nothing_of_the_old_one_behind():
    collected("9.1", define("value_loss(values, returns)", "return square(values - returns).mean()"))
    text = collected("9.1", define("value_loss(values, returns)", "return F.mse_loss(values, returns)"))
    assert "square" not in text and text.count("def value_loss") == 1
    text = collected("9.1", define("value_loss(values, returns)", "return (values - returns).pow(2).mean()"))
    assert "functional" not in text


def test_a_helper_that_two_answers_share_stands_once_and_stays_for_the_other():
    collected("9.1", define("value_loss(values, returns)", "return square(values - returns).mean()"))
    text = collected("10.2", define("entropy_bonus(entropy)", "return entropy.mean() + 0 * square(entropy).sum()"))
    assert text.count("def square(") == 1
    text = collected("9.1", define("value_loss(values, returns)", "return F.mse_loss(values, returns)"))
    assert text.count("def square(") == 1 and set(my_functions()) == {"value_loss", "entropy_bonus"}


def test_an_answer_that_is_right_only_in_its_notebook_is_not_collected(capsys: pytest.CaptureFixture[str]):
    """The isolated run is a run: what hides from the source is found there."""
    names = in_the_notebook()
    source = define("entropy_bonus(entropy)", "return globals()['twice'](entropy).mean() / 2")
    assert collected("10.2", source, names) == ""
    assert "in the file by itself entropy_bonus is not right" in unfolded(capsys.readouterr().out)


TOTAL_LOSS, BONUS, SQUARES = (
    "total_loss(actor, critic, entropy, vf, ent)",
    "entropy_bonus(entropy)",
    "value_loss(values, returns)",
)
SUM = "return actor + vf * critic - ent * entropy"
SQUARE = "return (values - returns).square().mean()"


def with_names(code: str) -> dict:
    """A notebook in which that stands."""
    names = in_the_notebook()
    typed(f"{code}\nh = globals().get('h')\n", "h", names)
    return names


def all_right() -> set[str]:
    """The functions of the file, each of which passes by itself."""
    names: dict = {"__name__": "alone"}
    exec(compile(my_file().read_text(), "my_ppo.py", "exec"), names)
    found = {exercise for exercise in EXERCISES if exercise.name in read(my_file().read_text()).sections}
    assert all(passes(exercise, names[exercise.name]) for exercise in found)
    return {exercise.name for exercise in found}


@pytest.mark.parametrize(
    "answers",
    [
        [("7.2", "importance_ratios(new, old)", "return exp(new - old)", "from torch import exp"),
         ("10.3", TOTAL_LOSS, "return exp(actor) + vf * critic - ent * entropy", "def exp(x):\n    return x + 0")],
        [("9.1", SQUARES, "return h((values - returns).square())", "def h(x):\n    return x.mean()"),
         ("10.2", BONUS, "return h(entropy)", "def h(x):\n    return x.mean()"),
         ("9.1", SQUARES, "return h(values - returns)", "def h(x):\n    return (x**2).mean()")],
        [("9.1", SQUARES, "return h((values - returns).square())", "C = 1.0\ndef h(x):\n    return x.mean() * C"),
         ("10.2", BONUS, "return h(entropy)", "C = 1.0\ndef h(x):\n    return x.mean() * C"),
         ("9.1", SQUARES, SQUARE, "h = 1")],
        [("9.1", SQUARES, "return h((values - returns).square())", "C = 1.0\ndef h(x):\n    return x.mean() * C"),
         ("10.2", BONUS, "return h(entropy) / 2", "C = 2.0\ndef h(x):\n    return x.mean() * C")],
        [("10.3", TOTAL_LOSS, "return actor + vf * critic - ent * entropy_bonus(entropy)",
          "def entropy_bonus(x):\n    return x.mean()\nh = 1"),
         ("10.2", BONUS, "return entropy.mean()", "h = 1"), ("10.3", TOTAL_LOSS, SUM, "h = 1")],
        [("10.3", TOTAL_LOSS, "return actor + vf * critic - ent * value_loss(entropy)",
          "def value_loss(x):\n    return x\nh = 1"), ("9.1", SQUARES, SQUARE, "h = 1")],
        [("10.2", BONUS, "return train(entropy)", "def train(x):\n    return x.mean()\nh = 1")],
        [("10.2", BONUS, "return range(entropy)", "def range(x):\n    return x.mean()\nh = 1")],
        [("9.1", SQUARES, "return t.square(values - returns).mean()", "import torch as t\nh = 1"),
         ("10.3", TOTAL_LOSS, "return actor + vf * critic - ent * entropy * t.exp(0)", "import math as t\nh = 1")],
        [("10.3", TOTAL_LOSS, f"{SUM} + SMALL", "SMALL = 0.0\nh = 1"),
         ("9.1", "value_loss(values, returns, s=SMALL)", f"{SQUARE} + s", "SMALL = 0.0\nh = 1")],
        [("10.2", BONUS, "return entropy.mean() * K", "import numpy as np\nK = np.float64(1.0)\nh = 1")],
        [("10.2", BONUS, "return h(entropy)", "K = 1.0\nh=lambda x: x.mean() * K")],
        [("10.2", BONUS, "return entropy.mean() * SECONDS / 5", "SECONDS = 5\nh = 1")],
    ],
    ids=["an import and a helper of one name", "a shared helper rewritten", "a shared helper and its constant",
         "one helper, two constants", "a helper named as an exercise", "a wrong helper named as an exercise",
         "a name of the main program", "a builtin of the main program", "two modules under one name",
         "a default at the time of definition", "a number of numpy's", "a lambda with a constant", "a small number"],
)  # fmt: skip
def test_no_answer_breaks_another(answers: list[tuple[str, str, str, str]], capsys: pytest.CaptureFixture[str]):
    for number, signature, line, before in answers:
        collected(number, define(signature, line), with_names(before))
        assert "stands in my_ppo.py" in unfolded(capsys.readouterr().out)
    names = {desk.find(number).name for number, *_ in answers}
    assert all_right() == names == set(my_functions())
    assert "checks import" not in my_file().read_text(), "a 5 is a 5, and nobody's constant"
    my_file().write_text(my_file().read_text().replace("CYCLES = 300", "CYCLES = 1"))
    runpy.run_path(str(my_file()), run_name="__main__")  # here: another process would first load torch
    plt.close("all")
    assert "The team: my_team.pt" in capsys.readouterr().out


def test_what_a_learner_wrote_is_never_lost(own_home: Path):
    collected("10.3", RIGHT)
    text = my_file().read_text()
    own_head = "import os; EXTRA = 1\nfrom math import *\nX = cos(0)\n"
    text = text.replace("from pathlib import Path\n", f"from pathlib import Path\n{own_head}", 1)
    text = text.replace("# --- my steps ---", "# --- my notes ---\n# --- my steps ---").replace(
        "# --- train a team", "def mine():\n    return total_loss\n\n\n# --- train a team"
    )
    my_file().write_text("\ufeff" + text, encoding="utf-8")
    new = collected("10.2", define(BONUS, "# --- the mean ---", "return entropy.mean()"))
    assert own_head in new and "def mine():" in new and "# --- my notes ---" in new and new.count("STEPS = ") == 1
    assert len(list(own_home.glob("*.bak.py"))) == 1, "as the learner had written it"
    assert all_right() == {"total_loss", "entropy_bonus"}
    assert collected("9.1", define(SQUARES, SQUARE)).count("def entropy_bonus") == 1


@pytest.mark.parametrize(
    ("before", "line", "says"),
    [
        (
            "import enum\nclass E(enum.IntEnum):\n    one = 1\nONE = E.one\nh = 1",
            "return entropy.mean() * ONE",
            "a E that was made",
        ),
        ("f = lambda: (lambda x: x.mean())\nh = f()", "return h(entropy)", "a lambda that is not on a line of its own"),
    ],
)
def test_the_reason_is_the_true_one(before: str, line: str, says: str, capsys: pytest.CaptureFixture[str]):
    assert collected("10.2", define(BONUS, line), with_names(before)) == ""
    said = unfolded(capsys.readouterr().out)
    assert says in said and "damaged" not in said
