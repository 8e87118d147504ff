"""What the doctor is told about your PPO. Name the functions that you have; leave the other parts out.

    python -m ppo_lessons.doctor my_doctor.py

`takes` says what the parameters are, in their order; without it their names must say so.
"""

from ppo_lessons.doctor import Subject, part


def compute_gae(rewards, values, dones, last_value, gamma=0.99, lam=0.95):
    """Yours: import it instead."""
    advantages, following, next_value = rewards.clone(), 0.0, last_value
    for t in reversed(range(len(rewards))):
        alive = 1 - dones[t]
        delta = rewards[t] + gamma * next_value * alive - values[t]
        advantages[t] = following = delta + gamma * lam * alive * following
        next_value = values[t]
    return advantages, advantages + values


SUBJECT = Subject(
    name="my PPO",
    advantages=part(
        compute_gae,
        takes="rewards values dones last_values gamma gae_lambda",
        gives="advantages returns",
        arrays="torch",  # or "numpy"
        flags="float",  # for `1 - dones`; or "bool"
        rows="T N",  # or "T", "N T", "T E A", "T N 1"
    ),
    # ratios=part(ratios, "new_log_probs old_log_probs"),
    # actor_loss=part(policy_loss, "ratios advantages clip_eps"),
    # value_loss=part(value_loss, "values returns"),
    # minibatches=part(batches, "num_rows minibatch_size generator", "index"),
    # gradient_step=part(step, "loss policy optimizer max_grad_norm"),
)
