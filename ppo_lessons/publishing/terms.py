"""The words of the field: what each means, where it stands in the code, and which lesson brings it."""

from typing import NamedTuple


class Term(NamedTuple):
    """One word of the field."""

    term: str
    symbol: str
    code: str
    """Where it stands in the package: module.name, or a field of a class: module.Class.field."""
    lesson: str
    """The lesson that explains it, by name: numbers move."""
    meaning: str


TERMS = (
    Term(
        "observation",
        "s",
        "buffer.Rows.obs",
        "rollout",
        "what one agent sees; the paper writes s, the code `obs`",
    ),
    Term("episode", "", "spirit_world.cases.Case", "rollout", "one playing of the game, here called a case"),
    Term(
        "logits",
        "z",
        "actor_critic.ActorCritic.forward",
        "rollout",
        "one number per action; their softmax is the policy",
    ),
    Term("action", "a", "buffer.Rows.actions", "rollout", "what one agent chose"),
    Term("policy", "pi(a, s)", "actor_critic.ActorCritic", "rollout", "gives each action a probability"),
    Term("critic", "V(s)", "actor_critic.ActorCritic", "value_loss", "estimates what is still to come"),
    Term("value", "V", "buffer.Transition.values", "rollout", "discounted rewards still to come, as estimated"),
    Term("actor", "", "actor_critic.ActorCritic", "rollout", "the part of the network that gives the logits"),
    Term("on-policy", "", "buffer.clear", "shared_buffer", "learns only from what the current policy did"),
    Term("reward", "r", "spirit_world.rules.rewards_of", "rollout", "what an agent gets for a step"),
    Term("terminated", "", "buffer.Transition.terminated", "rollout", "really over for this agent"),
    Term("truncated", "", "buffer.Transition.truncated", "rollout", "only cut off by a limit"),
    Term("fallen", "", "team_env.who_acts_next", "rollout", "terminated earlier, while the mates play on"),
    Term("rollout", "", "rollout.collect", "rollout", "T steps of E copies of the world with A agents"),
    Term("shared buffer", "", "buffer.SharedBuffer", "shared_buffer", "holds everybody's experience of one rollout"),
    Term("badge", "", "buffer.badges_of", "shared_buffer", "(step, copy, agent): whose decision a row was"),
    Term("TD error", "delta", "advantages.td_errors", "advantages", "by how much one step beat the expectation"),
    Term("advantage", "A", "advantages.gae", "advantages", "by how much an action beat the expectation"),
    Term(
        "return",
        "R",
        "buffer.Rows.returns",
        "advantages",
        "rewards added up, each later one discounted; estimated as advantage + old value, which the critic learns",
    ),
    Term("discount", "gamma", "config.PPOConfig.gamma", "advantages", "what a reward one step later is worth"),
    Term(
        "GAE lambda", "lambda", "config.PPOConfig.gae_lambda", "advantages", "0: trust the critic; 1: trust the rewards"
    ),
    Term("team credit", "", "advantages.with_team_credit", "advantages", "the team's rewards after one's own fall"),
    Term("detach", "", "steps.detach_rows", "detaching", "the same numbers, without a graph"),
    Term("epoch", "", "config.PPOConfig.epochs", "minibatches", "one pass over the rows of a rollout"),
    Term("mini-batch", "", "minibatches.split_rows", "minibatches", "the rows of one gradient step"),
    Term("log-probability", "log pi", "actor_critic.log_probs_of", "ratios", "of a stored action, in nats"),
    Term(
        "importance ratio", "r", "losses.importance_ratios", "ratios", "how much likelier the action is now than then"
    ),
    Term(
        "importance sampling",
        "",
        "losses.importance_ratios",
        "policy_gradient",
        "a mean over one policy's rows, weighted for another's",
    ),
    Term(
        "surrogate",
        "L^CPI",
        "policy_gradient.surrogate_loss",
        "policy_gradient",
        "what is made large in place of the return, near the old policy",
    ),
    Term(
        "KL divergence",
        "KL",
        "losses.approx_kl",
        "ratios",
        "how far two policies are apart: the mean of ln(p_old / p_new) over old actions",
    ),
    Term(
        "Adam",
        "",
        "optimisation.make_optimizer",
        "ratios",
        "the optimizer: steps in the order of the step size, whatever the gradient's length",
    ),
    Term("silent row", "", "losses.still_pushed", "clipping", "a row for which the clipped loss has no gradient"),
    Term("approximate KL", "KL", "losses.approx_kl", "ratios", "how far the policy has moved"),
    Term(
        "clip epsilon",
        "epsilon",
        "config.PPOConfig.clip_eps",
        "clipping",
        "how far a ratio may go before its row stops pushing",
    ),
    Term("clipped surrogate loss", "L^CLIP", "losses.clipped_surrogate_loss", "clipping", "the actor's loss"),
    Term("clip fraction", "", "losses.clip_fraction", "clipping", "share of rows outside the interval"),
    Term("value loss", "L^VF", "losses.value_loss", "value_loss", "the critic's mean squared error"),
    Term("vf_coef", "c_1", "config.PPOConfig.vf_coef", "value_loss", "weight of the critic in the total"),
    Term(
        "explained variance",
        "",
        "losses.explained_variance",
        "value_loss",
        "how much of the returns' spread the critic foresaw",
    ),
    Term(
        "entropy",
        "S, H",
        "actor_critic.entropy_of",
        "entropy",
        "how undecided the policy is; ln 5 if uniform over 5 actions",
    ),
    Term("ent_coef", "c_2", "config.PPOConfig.ent_coef", "entropy", "weight of the entropy in the total"),
    Term("total loss", "L", "losses.total_loss", "entropy", "actor + vf_coef * critic - ent_coef * entropy"),
    Term(
        "advantage normalisation",
        "",
        "advantages.normalise_advantages",
        "full_update",
        "mean 0, standard deviation 1, per mini-batch",
    ),
    Term("shared trunk", "", "config.PPOConfig.shared_trunk", "value_loss", "hidden layers of both actor and critic"),
    Term(
        "max_grad_norm", "", "config.PPOConfig.max_grad_norm", "full_update", "the gradient is shortened to this length"
    ),
    Term("learning rate", "", "config.PPOConfig.learning_rate", "ratios", "the step size of the optimizer"),
    Term("annealing", "", "optimisation.annealed", "team_training", "a step size that shrinks in a training"),
    Term("target_kl", "", "config.PPOConfig.target_kl", "team_training", "how far an update may go before it is ended"),
    Term("seed", "", "config.PPOConfig.seed", "team_training", "fixes everything that is drawn at random"),
    Term("gradient step", "", "optimisation.gradient_step", "full_update", "backward, shorten, step"),
    Term(
        "team behaviour", "", "spirit_world.behaviour.TeamBehaviour", "team_training", "what the team does, in numbers"
    ),
    Term("zero-shot", "", "spirit_world.evaluation.evaluate", "tougher_enemies", "in a case that was never trained"),
    Term(
        "curriculum",
        "",
        "spirit_world.curriculum.train_through",
        "tougher_enemies",
        "a row of cases and a rule that says when to go on",
    ),
    Term(
        "forgetting",
        "f",
        "spirit_world.curriculum.forgetting",
        "tougher_enemies",
        "the best win rate at an earlier stage, less the one at the end",
    ),
    Term("moments", "", "transfer.next_run", "tougher_enemies", "Adam's memory of gradients and of their squares"),
    Term("IPPO", "", "config.PPOConfig.critic", "team_critic", "each agent's critic sees what its agent sees"),
    Term("MAPPO", "", "config.PPOConfig.critic", "team_critic", "the critic sees the whole team, the actor does not"),
    Term("joint observation", "", "team_view.team_obs", "team_critic", "what all agents see, laid beside each other"),
    Term(
        "value normalisation",
        "",
        "value_normalisation.normalise_values",
        "team_critic",
        "the critic learns returns in units of their running spread",
    ),
    Term(
        "value clipping",
        "",
        "losses.clipped_value_loss",
        "team_critic",
        "a value loss that does not reward going far from the old value",
    ),
    Term("action mask", "m", "action_kinds.only_legal", "other_worlds", "which actions are legal at this moment"),
    Term(
        "Gaussian policy",
        "",
        "action_kinds.gaussian_log_probs",
        "other_worlds",
        "draws real numbers around its outputs",
    ),
    Term("rank", "r", "data_parallel.ranks.Ranks", "beyond_one_machine", "one process of a training on many"),
    Term(
        "all-reduce",
        "",
        "data_parallel.ranks.Ranks.add_up",
        "beyond_one_machine",
        "every rank tells a tensor, and every rank gets the sum of all",
    ),
    Term(
        "data-parallel",
        "",
        "data_parallel.shared_update.shared_update",
        "beyond_one_machine",
        "each rank works out the gradient of its own rows, and all take the step of all rows together",
    ),
    Term(
        "noise scale",
        "",
        "lessons.beyond_one_machine.scaling.scale",
        "beyond_one_machine",
        "the size of a mini-batch from which on more rows are worth less and less",
    ),
    Term("evaluation", "", "spirit_world.evaluation.evaluate", "team_training", "many cases, without learning"),
)
