"""What a learner's `my_ppo.py` runs: the text of its main program, and what stands around the functions."""

DOCSTRING = '''"""My own PPO, collected from the lessons: every function in here has passed its check.

Run it with `python my_ppo.py`. It trains a team with these functions, saves the team, and draws its learning curve.
"""'''
IMPORTS = (
    "from dataclasses import replace",
    "import gymnasium",
    "from pathlib import Path",
    "import matplotlib.pyplot as plt",
    "import torch",
    "from tqdm import tqdm",
    "from ppo_lessons import PPOConfig, SpiritWorld, Steps, TrainingRun, Way",
    "from ppo_lessons import evaluate, policy_player, save_policy, train, train_through",
    "from ppo_lessons.data_parallel import Sharing, in_threads, train_on_ranks",
    "from ppo_lessons.other_worlds import GymnasiumTeam",
)
MARK = "# --- "
A_MARK = r"# --- (?:\d+\.\d+ \w+: lesson \d\d, box [A-P] of the flowchart|my steps|train a team with them) ---"
STEPS_NOTE = "# Every other step of the flowchart, rule of the world, and decision on the way is the package's own."
STEPS_MARK, MAIN_MARK = f"{MARK}my steps ---", f"{MARK}train a team with them ---"
MAIN = f'''{MAIN_MARK}

CYCLES = 300


def world(case, config):
    """Return a case with these rules."""
    return SpiritWorld(case, config.num_envs, **RULES)


def trained(steps, config, cycles):
    """Train a team, and return the run with its mean reward, cycle by cycle. Ctrl-C ends the training early."""
    run, rewards = TrainingRun(world("standard", config), config), []
    try:
        for report in tqdm(train(run, cycles, steps), total=cycles, unit="cycle"):
            rewards.append(report.mean_reward)
    except KeyboardInterrupt:
        print(f"Ended after {{run.cycle}} cycles.")
    return run, rewards


def into_the_fog(policy, config):
    """Take a team on to the next case, and say what it won and what it lost."""
    cases, rates = ("standard", "fog"), []
    worlds = [world(case, config) for case in cases]
    *_, last = train_through(worlds, config, policy, most_cycles=max(1, CYCLES // 3), way=WAY, steps=STEPS)
    for team in (policy, last.run.policy):
        rates.append([evaluate(policy_player(team), case).win_rate for case in cases])
    for case, before, after, lost in zip(cases, *rates, WAY.forgetting(torch.tensor(rates)).tolist()):
        print(f"{{case}}: won {{before:.0%}} before and {{after:.0%}} after, {{lost:+.0%}} forgotten")


def elsewhere(config):
    """Train in two worlds that others wrote: a taxi that may not drive through walls, a pendulum that wants numbers."""
    for name in ("Taxi-v4", "Pendulum-v1"):
        few = replace(config, num_envs=8, num_steps=32, minibatch_size=128)
        run = TrainingRun(GymnasiumTeam(lambda name=name: gymnasium.make(name), few.num_envs), few)
        *_, last = train(run, max(1, CYCLES // 10), STEPS)
        print(f"{{name}}: mean reward {{last.mean_reward:.2f}} after {{run.agent_steps:,}} steps")


def as_two(config):
    """Train by two ranks that make one update together, each a thread of this program."""

    def rank(ranks):
        sharing = dict(steps=STEPS, sharing=SHARING)
        return list(train_on_ranks(ranks, "standard", config, max(1, CYCLES // 10), **sharing))

    first, second = in_threads(2, rank)
    same = "the same update" if first[-1].update == second[-1].update else "DIFFERENT updates"
    print(f"two ranks: {{same}} after {{len(first)}} cycles")


def main() -> None:
    """Train a team with these steps and save it; others, a third of the way; then it goes into the fog, and abroad."""
    here = Path(__file__).resolve().parent
    config = PPOConfig(anneal_cycles=CYCLES)
    run, rewards = trained(STEPS, config, CYCLES)
    save_policy(run.policy, here / "my_team.pt")
    curves = {{"PPO": rewards}}
    if run.cycle == CYCLES:
        all_rows = config.num_steps * config.num_envs * run.env.num_agents
        plain = replace(config, epochs=1, minibatch_size=all_rows)
        team = replace(config, shared_trunk=False, critic="team", value_normalisation=True)
        print("Now without the clip, with the plain policy gradient, and with a critic of the whole team.")
        curves["without the clip"] = trained(STEPS.with_actor_loss("surrogate"), config, CYCLES // 3)[1]
        curves["policy gradient"] = trained(STEPS.with_actor_loss("policy_gradient"), plain, CYCLES // 3)[1]
        curves["the team's critic"] = trained(STEPS, team, CYCLES // 3)[1]
        into_the_fog(run.policy, config)
        elsewhere(config)
        as_two(config)
    figure, axes = plt.subplots()
    for name, curve in curves.items():
        axes.plot(range(1, len(curve) + 1), curve, label=name)
    axes.set(xlabel="cycle", ylabel="mean reward of a decision", title="My team")
    axes.legend()
    figure.savefig(here / "my_curve.png", dpi=150)
    print("The team: my_team.pt. Its learning curve: my_curve.png.")


if __name__ == "__main__":
    main()
'''
