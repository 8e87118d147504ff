"""The combined loss."""

import torch

from ppo_lessons.classroom.draws import beyond
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.losses import total_loss


def _loss_probe(actor: float, critic: float, entropy: float, vf_coef: float, ent_coef: float) -> Probe:
    scalars = (torch.tensor(actor), torch.tensor(critic), torch.tensor(entropy))
    return call_with(*scalars, vf_coef, ent_coef, gradients=(0, 1, 2))


EXERCISE = Exercise(
    number="10.3",
    node="N",
    function=total_loss,
    difficulty=1,
    minutes=4,
    probes=(
        _loss_probe(-0.02, 0.5, 1.5, 0.5, 0.01),
        _loss_probe(0.3, 2.0, 0.7, 1.0, 0.1),
        _loss_probe(-0.1, 0.2, 1.6, 0.25, 0.0),
        _loss_probe(0.05, 1.2, 0.1, 0.0, 0.02),
        *beyond(lambda rng: (_loss_probe(*numbers) for numbers in rng.uniform(0.05, 1.5, (3, 5)).tolist())),
    ),
    mistakes=(
        Mistake(name="entropy with a plus sign",
                wrong=lambda actor, critic, entropy, vf, ent: actor + vf * critic + ent * entropy,
                advice="We minimise. If more entropy made the loss larger, what would the team lose?"),
        Mistake(name="the value loss with a minus sign",
                wrong=lambda actor, critic, entropy, vf, ent: actor - vf * critic - ent * entropy,
                advice="The critic's error is to become smaller, so it counts with a plus."),
        Mistake(name="the actor's loss with a minus sign",
                wrong=lambda actor, critic, entropy, vf, ent: -actor + vf * critic - ent * entropy,
                advice="clipped_surrogate_loss has its minus sign inside already: it is a loss."),
        Mistake(name="the two coefficients swapped",
                wrong=lambda actor, critic, entropy, vf, ent: actor + ent * critic - vf * entropy,
                advice="vf_coef belongs to the value function, ent_coef to the entropy."),
        Mistake(name="forgetting vf_coef", wrong=lambda actor, critic, entropy, vf, ent: actor + critic - ent * entropy,
                advice="Change vf_coef in your head to 0: does the critic still count?"),
        Mistake(name="forgetting ent_coef", wrong=lambda actor, critic, entropy, vf, ent: actor + vf * critic - entropy,
                advice="Change ent_coef in your head to 0: does the entropy still count?"),
        Mistake(name="leaving out the entropy", wrong=lambda actor, critic, entropy, vf, ent: actor + vf * critic,
                advice="There are three terms. What keeps the team curious?"),
        Mistake(name="leaving out the critic", wrong=lambda actor, critic, entropy, vf, ent: actor - ent * entropy,
                advice="There are three terms. Who teaches the critic?"),
        Mistake(
            name="the right number without its graph (detached, or made into a float)",
            wrong=lambda actor, critic, entropy, vf, ent: (actor + vf * critic - ent * entropy).detach(),
            advice="backward() has to find its way from the total to the network: no detach(), item() or no_grad().",
        ),
    ),
    hints=(
        "Which of the three do we want small, and which one large?",
        "total = actor + vf_coef * critic - ent_coef * entropy",
        "return actor_loss + vf_coef * critic_loss - ent_coef * entropy",
    ),
)  # fmt: skip
