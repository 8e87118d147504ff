"""One step of everybody."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.buffer import Transition
from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe
from ppo_lessons.rollout import act, play_step, see
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.team_env import TeamStep

TIMES = ("not at all", "once", "twice")


class _Counted(SpiritWorld):
    """A world that counts its steps."""

    moved = 0
    in_place = False
    """Whether it writes what is seen next over what was seen before, as some worlds do."""

    def step(self, actions: np.ndarray) -> TeamStep:
        """Play one action of each agent."""
        before, self.moved = self.obs, self.moved + 1
        step = super().step(actions)
        if self.in_place:
            before[...] = self.obs
            self.obs = before
        return step


def _decided(obs_size: int, seed: int) -> ActorCritic:
    """Return a policy that prefers some actions; a fresh one finds all of them alike."""
    policy = ActorCritic(obs_size, 5, 8, seed=seed)
    with torch.no_grad():
        policy.actor_head.weight.mul_(60)
    return policy


def _step_probe(seed: int, num_envs: int, case: str = "standard", in_place: bool = False, special: str = "") -> Probe:
    """Two steps, one after the other: what came back, and where the world and the random numbers stand."""
    policy = _decided(SpiritWorld(case, num_envs=1).obs_size, seed)  # a copy is made faster

    def make() -> tuple[_Counted, ActorCritic, torch.Generator]:
        world = _Counted(case, num_envs=num_envs)
        world.reset(seed)
        world.in_place = in_place
        return world, copy.deepcopy(policy), generator(seed)

    def look(function: Callable[..., Any], inputs: tuple[_Counted, ActorCritic, torch.Generator]) -> Outcome:
        world, _, given = inputs
        before = given.get_state()
        first = function(*inputs)
        if first is ... or first is None:
            return {"result": first}
        outcome: Outcome = {
            "what comes back": type(first).__name__,
            "how often the world moved": TIMES[world.moved] if world.moved < len(TIMES) else f"{world.moved} times",
            "the generator that was given": "not used" if torch.equal(before, given.get_state()) else "used",
        }
        if not isinstance(first, Transition):
            return outcome
        outcome |= {f"the field {name}": tensor.clone() for name, tensor in first._asdict().items()}
        outcome["what the agents see afterwards"] = torch.from_numpy(world.obs.copy())
        return outcome | {"the next step": function(*inputs)}

    return Probe(make=make, look=look, special=special)


def _seen_afterwards(env: Any, *others: Any) -> Transition:
    return play_step(env, *others)._replace(obs=see(env))


def _seen_as_it_is(env: Any, policy: Any, given: Any) -> Transition:
    seen = torch.from_numpy(env.obs)
    return act(env, policy, seen, policy.sample_actions(seen, given))


def _best(env: Any, policy: Any, given: Any) -> Transition:
    seen = see(env)
    return act(env, policy, seen, policy.sample_actions(seen, given, greedy=True))


def _best_of_the_logits(env: Any, policy: Any, given: Any) -> Transition:
    seen = see(env)
    decision = policy.sample_actions(seen, given)
    return act(env, policy, seen, decision._replace(actions=policy(seen)[0].argmax(dim=-1)))


def _random_moves(env: Any, policy: Any, given: Any) -> Transition:
    seen = see(env)
    decision = policy.sample_actions(seen, given)
    moves = torch.randint(0, env.num_actions, decision.actions.shape, generator=given)
    return act(env, policy, seen, decision._replace(actions=moves))


def _drawn_twice(env: Any, policy: Any, given: Any) -> Transition:
    seen = see(env)
    first = policy.sample_actions(seen, given)
    return act(env, policy, seen, policy.sample_actions(seen, given)._replace(log_probs=first.log_probs))


def _of_others(env: Any, policy: Any, given: Any) -> Transition:
    seen = see(env)
    return act(env, policy, seen, policy.sample_actions(seen.flip(1), given))


def _only_decided(env: Any, policy: Any, given: Any) -> Any:
    return policy.sample_actions(see(env), given)


def _decision(env: Any, policy: Any, given: Any) -> Any:
    seen = see(env)
    decision = policy.sample_actions(seen, given)
    act(env, policy, seen, decision)
    return decision


def _moved_first(env: Any, policy: Any, given: Any) -> Transition:
    seen = see(env)
    decision = policy.sample_actions(seen, given)
    env.step(decision.actions.numpy())
    return act(env, policy, seen, decision)


EXERCISE = Exercise(
    number="1.3",
    node="A",
    function=play_step,
    difficulty=1,
    minutes=5,
    probes=(
        _step_probe(3, 2),
        _step_probe(4, 2),
        _step_probe(5, 1, case="nightfall"),
        _step_probe(6, 2, in_place=True, special="a world that writes over what it showed before"),
    ),
    mistakes=(
        Mistake(name="keeping what is seen after the step", wrong=_seen_afterwards,
                advice="A row holds what the agent saw when it chose, not what came of it. When do you call see?"),
        Mistake(name="keeping the world's own array instead of a copy", wrong=_seen_as_it_is,
                advice="A world may write over its array in the next step. see(env) gives you a copy."),
        Mistake(name="taking the likeliest action (greedy) instead of drawing one", wrong=_best,
                advice="Who always does what it likes best never finds anything new: draw."),
        Mistake(name="drawing a decision, and then taking the likeliest action all the same", wrong=_best_of_the_logits,
                advice="The log-probabilities belong to the actions that were drawn: hand the decision on as it is."),
        Mistake(
            name="drawing from other random numbers than the generator's",
            wrong=lambda env, policy, given: play_step(env, policy, generator(0)),
            advice="All draws come from the generator that is given, so that a seed stands for one run.",
        ),
        Mistake(name="moves drawn anew, with no regard to the policy", wrong=_random_moves,
                advice="decision.actions are what the policy chose. Hand the decision on as it is."),
        Mistake(name="drawing twice: the log-probabilities of one draw, the actions of another", wrong=_drawn_twice,
                advice="One decision: its actions, log_probs and values belong together."),
        Mistake(name="giving each agent the decision of another (the agents turned round)", wrong=_of_others,
                advice="Decide on what is seen as it stands: axis A is the same in both."),
        Mistake(name="playing two steps", wrong=lambda *given: (play_step(*given), play_step(*given))[1],
                advice="One call, one step: whoever calls you stores one transition a time."),
        Mistake(name="moving the world by hand and by act as well", wrong=_moved_first,
                advice="act moves the world itself. Is there an env.step too many?"),
        Mistake(name="handing back the decision, and not what came of it", wrong=_decision,
                advice="act returns the Transition: what the buffer is to store."),
        Mistake(name="deciding, but not acting", wrong=_only_decided,
                advice="Nobody has moved yet. act(env, policy, seen, decision) plays the decision."),
        Mistake(name="handing back the world's answer alone",
                wrong=lambda env, policy, given: env.step(policy.sample_actions(see(env), given).actions.numpy()),
                advice="The buffer needs more: what was seen, done, and how likely it was. act puts it together."),
        Mistake(
            name="a plain tuple in place of a Transition",
            wrong=lambda *given: tuple(play_step(*given)),
            advice="The buffer reads the fields by name: return what act gives you as it is.",
        ),
    ),
    hints=(
        "Three things happen in this order to every agent: which? And which of the three changes the world?",
        "seen = see(env); decision = policy.sample_actions(seen, generator); then act with both.",
        "seen = see(env)\n"
        "decision = policy.sample_actions(seen, generator)\n"
        "return act(env, policy, seen, decision)",
    ),
)  # fmt: skip
