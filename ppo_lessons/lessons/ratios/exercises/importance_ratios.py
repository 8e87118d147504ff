"""How much likelier an action is now."""

import torch

from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.ratios.exercises.rows import NOW, THEN, random_probe
from ppo_lessons.losses import importance_ratios

EXERCISE = Exercise(
    number="7.2",
    node="K",
    function=importance_ratios,
    difficulty=1,
    minutes=3,
    probes=(
        call_with(NOW[:3], THEN[:3]),
        call_with(NOW, THEN, gradients=(0,)),
        random_probe(1, 4, 0.0),
        random_probe(2, 1, 0.5),
        random_probe(3, 7, 1.0),
        call_with(torch.tensor([-0.1, -5.2, -3.0]), torch.tensor([-5.2, -0.1, -0.2]), special="log-ratios of about 5"),
    ),
    mistakes=(
        Mistake(name="the difference of the log-probabilities, without exp", wrong=lambda new, old: new - old,
                advice="Before the first step this gives 0. How much likelier is an action that has not changed?"),
        Mistake(name="the quotient of the log-probabilities", wrong=lambda new, old: new / old,
                advice="The ratio is of the probabilities. What does dividing become when you work with logarithms?"),
        Mistake(name="old minus new: how much likelier it was then", wrong=lambda new, old: torch.exp(old - new),
                advice="Row 1 went from 0.5 to 0.6. Its ratio should be above 1."),
        Mistake(name="exp of the sum: the product of the probabilities", wrong=lambda new, old: torch.exp(new + old),
                advice="Adding logarithms multiplies. Which operation divides?"),
        Mistake(name="the difference of the probabilities", wrong=lambda new, old: new.exp() - old.exp(),
                advice="From 0.1 to 0.2 is twice as likely, not 0.1 as likely. Divide."),
        Mistake(name="exp of the difference of the probabilities",
                wrong=lambda new, old: torch.exp(new.exp() - old.exp()),
                advice="You took exp once too often: the exponent is a difference of log-probabilities."),
        Mistake(name="1 plus the difference, which is right only near 1", wrong=lambda new, old: 1 + new - old,
                advice="Good for small changes. Try a row that went from 0.1 to 0.2: the ratio is 2."),
        Mistake(name="powers of 2 instead of powers of e", wrong=lambda new, old: torch.exp2(new - old),
                advice="The log-probabilities are natural logarithms, in nats. Undo them with exp."),
        Mistake(name="the right number without its graph (new_log_probs detached)",
                wrong=lambda new, old: torch.exp(new.detach() - old),
                advice="The loss reaches the network through new_log_probs. Only the *old* ones are without a graph."),
        Mistake(name="ratios that are clipped already", wrong=lambda new, old: torch.exp(new - old).clamp(0.8, 1.2),
                advice="Clipping is the next box of the flowchart, and it needs the ratio as it is too."),
        Mistake(name="the mean of the ratios", wrong=lambda new, old: torch.exp(new - old).mean(),
                advice="One ratio for each row is asked for: it will meet that row's advantage."),
        Mistake(name="every row against every row, (B, B)", wrong=lambda new, old: torch.exp(new.unsqueeze(1) - old),
                advice="One of the two had shape (B, 1). Both are (B,), and so is the result."),
        Mistake(name="the size of the change only (abs)", wrong=lambda new, old: torch.exp((new - old).abs()),
                advice="An action that became less likely has a ratio below 1."),
        Mistake(name="changing new_log_probs in place", wrong=lambda new, old: new.sub_(old).exp(),
                advice="The numbers are right, but your function overwrote its input (-= or a method ending in _)."),
    ),
    cautions=(
        call_with(torch.tensor([-200.0]), torch.tensor([-201.0]), special="log-probabilities of -200"),
    ),
    hints=(
        "Row 3 went from 0.1 to 0.2. What should come out, and how do you get it from ln 0.2 and ln 0.1?",
        "pi_new / pi_old = exp(ln pi_new - ln pi_old)",
        "return torch.exp(new_log_probs - old_log_probs)",
    ),
)  # fmt: skip
