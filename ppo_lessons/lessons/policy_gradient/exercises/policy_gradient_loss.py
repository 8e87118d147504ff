"""The policy-gradient loss."""

from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.policy_gradient.exercises.rows import ADVANTAGES, LOG_PROBS, random_log_probs
from ppo_lessons.policy_gradient import policy_gradient_loss

EXERCISE = Exercise(
    number="4.1",
    node="L",
    function=policy_gradient_loss,
    difficulty=1,
    minutes=4,
    probes=(
        call_with(LOG_PROBS, ADVANTAGES),
        call_with(LOG_PROBS, ADVANTAGES, gradients=(0,)),
        call_with(*random_log_probs(1, 5), gradients=(0,)),
        call_with(*random_log_probs(2, 8)),
        call_with(*random_log_probs(3, 1), special="a single row"),
    ),
    mistakes=(
        Mistake(name="the sign turned: what you return is to be made larger", wrong=lambda g, a: (g * a).mean(),
                advice="An optimizer makes a loss smaller, and good actions are to become likelier."),
        Mistake(name="the sum instead of the mean", wrong=lambda g, a: -(g * a).sum(),
                advice="With twice the rows the gradient would be twice as long."),
        Mistake(name="one number for each row", wrong=lambda g, a: -(g * a),
                advice="A loss is one number: the mean over the rows."),
        Mistake(name="probabilities in the place of log-probabilities", wrong=lambda g, a: -(g.exp() * a).mean(),
                advice="The derivative of the logarithm is what corrects for rare actions being drawn rarely. The mean "
                       "of p A over drawn rows counts likely actions twice."),
        Mistake(name="the log-probability alone, without the advantage", wrong=lambda g, a: -g.mean(),
                advice="That pushes every action up that was taken, good or bad."),
        Mistake(name="only the sign of the advantage", wrong=lambda g, a: -(g * a.sign()).mean(),
                advice="A much better action is to push more than one that is hardly better."),
        Mistake(name="the size of the advantage without its sign", wrong=lambda g, a: -(g * a.abs()).mean(),
                advice="A bad action is to become rarer."),
        Mistake(name="the two means multiplied", wrong=lambda g, a: -g.mean() * a.mean(),
                advice="Each row has its own advantage: multiply row by row, then take the mean."),
        Mistake(name="log-probability and advantage added", wrong=lambda g, a: -(g + a).mean(),
                advice="The advantage is the weight of its row's log-probability: a product."),
        Mistake(name="advantages normalised inside the loss",
                wrong=lambda g, a: -(g * (a - a.mean()) / (a.std() + 1e-8)).mean(),
                advice="That is a step of its own, before this one. Here they are taken as they come."),
        Mistake(name="the right number without its graph (log_probs detached)",
                wrong=lambda g, a: -(g.detach() * a).mean(),
                advice="The gradient goes through the log-probabilities to the network: no detach(), item() or numpy() "
                       "on them."),
    ),
    hints=(
        "Which way should the log-probability of a good row go, and which way does an optimizer go?",
        "log_prob * A for each row, the mean over the rows, and a minus in front.",
        "return -(log_probs * advantages).mean()",
    ),
)  # fmt: skip
