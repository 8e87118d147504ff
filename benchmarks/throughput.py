"""How many agent-steps are trained on in a second of CPU time: the same game, network, rollout and settings.

An agent-step is a row (t, e, a), those of fallen agents included. Each contestant trains a team of its own from the
first weights on; one turn is one cycle, rollout and update.
"""

from dataclasses import replace
from statistics import median

from benchmarks.measure import in_turns, one_core, ratio
from benchmarks.peers import CycleSeconds, SpiritVecEnv, make_sb3, supersuit_env, train_one_cycle
from benchmarks.report import Goal, Outcome, Row, table
from ppo_lessons import PPOConfig, TrainingRun
from ppo_lessons.training import train_cycle

CASE = "standard"
OURS, SUPERSUIT, BATCHED = "ours", "SB3 through SuperSuit", "SB3 on our batched world"
PLAIN = "SB3 with its own MlpPolicy on our batched world"


def run(quick: bool = False) -> Outcome:
    """Measure; quick: a tiny size, whose numbers mean nothing."""
    one_core()
    config = PPOConfig(num_envs=4, num_steps=8, minibatch_size=64, epochs=1) if quick else PPOConfig()
    config = replace(config, target_kl=None)  # nobody may stop early
    training = TrainingRun(CASE, config)
    living: list[float] = []

    def our_turn() -> CycleSeconds:
        report = train_cycle(training)
        living.append(report.update.num_rows / agent_steps)
        return CycleSeconds(report.rollout_seconds, report.update_seconds)

    agent_steps = config.num_steps * config.num_envs * training.env.num_agents
    through_supersuit = make_sb3(supersuit_env(CASE, config.num_envs), config)
    batched = make_sb3(SpiritVecEnv(CASE, config.num_envs, config.seed), config)
    plain = make_sb3(SpiritVecEnv(CASE, config.num_envs, config.seed), config, own_network=True)
    contestants = {
        OURS: our_turn,
        SUPERSUIT: lambda: train_one_cycle(through_supersuit),
        BATCHED: lambda: train_one_cycle(batched),
        PLAIN: lambda: train_one_cycle(plain),
    }
    return _compare(in_turns(contestants, 1 if quick else 30), agent_steps, config, sum(living) / len(living))


def _compare(measured: dict[str, list[CycleSeconds]], agent_steps: int, config: PPOConfig, living: float) -> Outcome:
    cycles = {name: [sum(turn) for turn in turns] for name, turns in measured.items()}
    rates = {name: f"{agent_steps / median(seconds):,.0f} agent-steps/s" for name, seconds in cycles.items()}
    rows, spreads = [], []
    goals = ((SUPERSUIT, Goal("at least", 15)), (BATCHED, Goal("at least", 1.8)), (PLAIN, None))
    for name, goal in goals:
        times = ratio(cycles[name], cycles[OURS])
        goal_row = dict(ours=rates[OURS], peer=rates[name], ratio=times.median, goal=goal)
        rows.append(Row(name=f"training, against {name}", **goal_row))
        spreads.append(f"against {name} {times}")
    parts = []
    for name, turns in measured.items():
        milliseconds = [f"{1e3 * median(part):.1f}" for part in (*zip(*turns, strict=True), cycles[name])]
        parts.append((name, *milliseconds, rates[name]))
    notes = (
        f"Case {CASE!r}, E = {config.num_envs}, T = {config.num_steps}, epochs {config.epochs}, mini-batch "
        f"{config.minibatch_size}, 2 x {config.hidden_size} ReLU, shared trunk {config.shared_trunk}: "
        f"{agent_steps:,} agent-steps a cycle. We learn from the {living:.0%} of them that are decisions of living "
        f"agents, SB3 from all. Medians of {len(cycles[OURS])} cycles each, in turns; ratios, with their "
        f"lowest and highest: {'; '.join(spreads)}.\n\n"
        + table(("who", "rollout, ms", "update, ms", "cycle, ms", "speed"), parts)
    )
    return Outcome(rows, notes)
