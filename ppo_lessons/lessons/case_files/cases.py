"""The cases of the lesson: what is said about each.

The runs stand in `shipped.case_runs`, the planted functions in `shipped.faults`. Every sentence was written with the
board of its case in view, and a test holds that the readings say so.
"""

from ppo_lessons.classroom.flowchart import NODES
from ppo_lessons.lessons.case_files.case_file import HEALTHY, NOBODY, CaseFile

CASES = (
    CaseFile(
        number=1,
        title="whoever wins, wins less and less",
        node="D",
        clues=("explained_variance",),
        verdict="in the first fifty cycles the critic explains less than a constant would (below 0), and in the end "
        "nothing: what it is told to say has nothing to do with what comes. Its targets are the returns of box D.",
        instead="The critic's targets, and the actor's advantages, are made in one and the same box. Which reading "
        "tells that the targets themselves make no sense?",
        closing="With gamma near 0 next to nothing of it would show: neither what comes next nor what is summed up "
        "counts then. Only the last row would still be left out.",
        alibis={
            "M": "A critic that learns badly explains nothing, 0; here it begins below 0: it learns, and the wrong "
            "thing.",
            "L": "The actor hardly moves (actor_grad, approx_kl), because there is little to be had from its "
            "advantages.",
        },
        weak={
            "mean_return": "a low return has a hundred reasons. Which reading tells this one from them?",
            "value_loss": "it is large at first and small later: what it is compared with changes as well.",
        },
    ),
    CaseFile(
        number=2,
        title="after fifty cycles they all walk the same way",
        node="N",
        clues=("entropy",),
        verdict="the entropy falls to next to 0 within 50 cycles and stays there, while ratios, gradients and critic "
        "begin as usual: certainty itself is rewarded. That happens where the three terms are combined.",
        instead="What falls first, and to nothing? Everything else dies out after it.",
        closing="With ent_coef 0 the sign of the entropy decides nothing, and the fault sleeps until somebody sets "
        "it.",
        alibis={
            "L": "A loss that clips on the wrong side makes a policy certain, too, but within ten cycles, and "
            "approx_kl jumps before. Here approx_kl begins as usual.",
            "J": "If the entropy were only *measured* wrongly, the team would go on learning. It stops.",
            "K": "The ratios begin as usual. approx_kl and clip_fraction die out because a certain policy stands "
            "still.",
        },
        weak={"approx_kl": "it dies out once the entropy has: a policy that is certain hardly moves."},
    ),
    CaseFile(
        number=3,
        title="large gradients, and a policy that stands still",
        node="O",
        clues=("actor_grad",),
        verdict="the gradient that reaches the actor's head is longer than usual from cycle 10 on, soon several times "
        "as long, and does not shrink while nothing is learned: all gradients before are still in it. Nobody sets it "
        "to zero.",
        instead="Losses make gradients; but what becomes of a gradient before the optimizer takes it? Compare "
        "actor_grad with approx_kl.",
        closing="With one gradient step in all, or weights made anew each time, there would be nothing to pile up; a "
        "small max_grad_norm only shortens the pile.",
        alibis={
            "M": "The critic explains nothing because it is dragged along by old gradients; its loss is small.",
            "L": "An actor's loss that is wrong moves the policy the wrong way. Here the policy comes to a standstill, "
            "however long the gradient.",
        },
        weak={
            "explained_variance": "the critic is blind, that is true. So it is in two other cases.",
            "approx_kl": "a policy that does not move has many reasons, a small gradient first of all. Is it small?",
        },
    ),
    CaseFile(
        number=4,
        title="the critic expects the same of every moment",
        node="M",
        clues=("explained_variance",),
        verdict="explained_variance is next to 0 from the first cycles to the last, while first_ratio and approx_kl "
        "are as usual: every value is compared with every return, so the best answer is their mean, always the same.",
        instead="Who learns nothing here, and from which loss does it learn?",
        closing="Where all returns are alike, or with vf_coef 0, nobody would see it; in a world with little to "
        "foresee the return hardly suffers.",
        alibis={
            "D": "Targets without sense push explained_variance below 0, or rows that are mixed up push first_ratio "
            "up. Here the one is next to 0, and the ratios are right.",
            "N": "A critic's loss that is left out of the total makes the critic blind, too. But then no gradient at "
            "all would reach its head, and a small one does.",
            "O": "The gradients of the actor arrive: approx_kl is as usual.",
        },
        weak={
            "critic_grad": "a small gradient in the critic's head says that it has nothing to learn any more. Does "
            "it know anything?",
            "value_loss": "it is *low*, which looks like success. Compare it with what could be explained.",
        },
    ),
    CaseFile(
        number=5,
        title="everything is clipped at once",
        node="I",
        clues=("first_ratio",),
        verdict="before the first step every ratio must be 1, whatever the weights. It is not: the update sees "
        "another policy than the rollout, and the entropy, stuck at 1.5, says which: probabilities taken for logits.",
        instead="What must hold before the first step of an update, whatever the weights?",
        closing="At the very beginning, with all logits near 0, the policy is uniform with and without a second "
        "softmax: a test with fresh weights passes.",
        alibis={
            "K": "Ratios that are upside down, or of one policy alone, are still 1 before the first step.",
            "J": "Log-probabilities of other actions would move first_ratio, too, but the entropy would not stand "
            "still at 1.5: that is as low as it gets when the five logits are probabilities.",
            "A": "The rollout plays from the logits, as it should. It is the update that sees something else.",
            "D": "Rows that are mixed up move first_ratio, too, but then the critic is blind. This one sees.",
        },
        weak={
            "clip_fraction": "it follows: ratios that begin far from 1 are outside from the start.",
            "approx_kl": "it follows: log-probabilities of two different policies are compared.",
            "entropy": "it is stuck, and that says *what* was done. That something is wrong before the first step, "
            "another reading proves.",
        },
    ),
    CaseFile(
        number=6,
        title="since a colleague rewrote GAE, it learns more slowly",
        node=NOBODY,
        clues=(HEALTHY,),
        verdict="nobody. Every first ratio is 1, no gradient is beyond the limit, and all else is as usual most of "
        "the time. The curve of the return lags behind its twin's, as one healthy run lags behind another; both, of "
        "one seed, are slower than the sixty for a while. The rewritten function sums in another order, the last "
        "digits differ, and from then on chance goes its own way.",
        instead="",
        closing="",
        alibis={
            node: f"What is out of the ordinary in box {node}? Slower than the twin is no proof: one healthy run "
            "differs from the next by as much, and the twin, too, is slower than usual for a while. Who accuses must "
            "show a reading that is not usual most of the time."
            for node in NODES
        },
    ),
    CaseFile(
        number=7,
        title="after 250 cycles they still play by chance",
        node="K",
        clues=("approx_kl", "clip_fraction"),
        verdict="clip_fraction is exactly 0 in every cycle, from the first: the ratio is 1 whatever the policy does. "
        "New is divided by new. So the advantages pull at nothing, the policy stays where it began, and approx_kl is "
        "next to 0.",
        instead="A policy that learns moves away from the one that played. Which reading measures how far?",
        closing="With one epoch and one mini-batch the ratio is 1 anyhow, and approx_kl 0 in a healthy run, too: but "
        "then a gradient would reach the actor.",
        alibis={
            "L": "The actor's loss gets ratios that never move. Whoever makes them is to blame. (Without a look into "
            "the code the two are hard to tell; the function says it.)",
            "E": "What was played is without a graph: the fault is not that something was kept in it, but what it is "
            "compared with.",
            "O": "The critic learns, and its gradients arrive: the step works.",
            "N": "The entropy stays as high as it can be because its own term is all that pulls at the policy. What "
            "has become of the other pull?",
        },
        weak={
            "actor_grad": "next to no gradient reaches the actor: why not? Another reading says which number never "
            "changes.",
            "entropy": "at its highest, and it stays there: nobody decides anything. Why not?",
            "survival": "chance survives as chance does.",
        },
    ),
    CaseFile(
        number=8,
        title="certain after ten cycles, and wrong",
        node="L",
        clues=("entropy", "approx_kl", "clip_fraction"),
        verdict="in the first cycles the policy runs away (approx_kl is several times the highest that is usual, "
        "clip_fraction beyond it, too), and by cycle 10 the entropy is next to 0: rows that went far enough are pushed "
        "on. The larger of the two is taken.",
        instead="Go to the first cycles: what is far too large there, before everything falls to 0?",
        closing="While no ratio leaves the interval, the larger and the smaller are the same: one epoch, one "
        "mini-batch, or a tiny step size, and nobody sees it.",
        alibis={
            "N": "A wrong sign of the entropy takes 50 cycles, and approx_kl begins as usual. Look at cycle 5.",
            "K": "The first ratio is 1, and the ratios move: they are right. What is made of them is not.",
            "O": "The gradients are as the losses make them, and none is beyond the limit.",
        },
    ),
    CaseFile(
        number=9,
        title="they survive, and never win",
        node="D",
        clues=("first_ratio",),
        verdict="the first ratio is far from 1 although policy and update are the same network: what was seen and "
        "what was done are not of the same row. And a critic that is shown other people's views is blind.",
        instead="Is it the policy that differs between rollout and update, or are the *rows* not what they were?",
        closing="With one copy of the world there is only one order, and a test with num_envs 1 passes.",
        alibis={
            "I": "A forward pass that differs moves first_ratio, too. But then the critic, whose values do not go "
            "through the logits, would see. This one explains nothing.",
            "J": "Other log-probabilities would leave the critic alone. It explains nothing.",
            "M": "Every value against every return makes the critic blind, too, but leaves the first ratio at 1.",
            "G": "A shuffle moves whole rows: what belongs together stays together.",
            "B": "What is stored stands where it should. It is taken out again in two different orders. (Without a "
            "look into the code the two are hard to tell; the function says it.)",
        },
        weak={"explained_variance": "the critic is blind; so it is where its loss is wrong. What else is wrong here?"},
    ),
    CaseFile(
        number=10,
        title="it wins, and every update takes four times as long",
        node="E",
        clues=("rows_used",),
        verdict="nearly four times as many rows are learned from as there are places in the buffer: rows of old "
        "rollouts are still there. Their policy is not the last one, which is why the first ratio is not 1.",
        instead="How many rows can a rollout have?",
        closing="With a tiny step size the old policies are all but the new one, and first_ratio is next to 0; the "
        "return says nothing anyhow. Only the number of rows, and the time that they take, would still tell.",
        alibis={
            "P": "The buffer is cleared: what is kept is kept by whoever takes the rows out of it and detaches them. "
            "(Without a look into the code the two are hard to tell; the function says it.)",
            "D": "Mixed-up rows move the first ratio, too. But they are not *more*.",
            "I": "Another forward pass moves the first ratio, too. But it makes no rows.",
            "K": "The ratios are right for the rows that they are given.",
        },
        weak={
            "first_ratio": "it says that some rows are not of the last policy, or mixed up. Which reading says "
            "which?",
            "approx_kl": "it follows: old rows are far away from the policy of today.",
        },
    ),
    CaseFile(
        number=11,
        title="somebody made all shapes alike in the buffer",
        node="B",
        clues=("rows_used",),
        verdict="every place of the buffer is learned from, in every cycle: 1.00, although detectives fall in the "
        "first cycles. Rows without a decision are stored as if somebody had acted.",
        instead="How many rows are there in a cycle in which detectives fall?",
        closing="Where nobody falls there is nothing to see: with a good team, or in a world for one agent, every "
        "place is a decision.",
        alibis={
            "A": "What is played says who acts, and says it rightly. What is stored of it does not. (Without a look "
            "into the code the two are hard to tell; the function says it.)",
            "C": "The rollout is as long as usual. What is wrong is which of its places count as decisions.",
            "D": "flatten_rows takes the rows that are marked as decisions. Who has marked them?",
            "E": "Old rows would make more than 1.00.",
            "F": "An epoch goes over all rows that there are, once. There are too many of them.",
            "G": "The shuffle moves the rows that there are, all of them. There are too many of them.",
            "H": "All rows that there are are split, and each is in one piece. There are too many of them.",
            "P": "Rows that were left over would make more than 1.00.",
        },
    ),
    CaseFile(
        number=12,
        title="a one-word change in the shuffle",
        node="G",
        clues=("rows_used",),
        verdict="an epoch sees some 63 % of the rows, many of them more than once: that is 1 - 1/e, what comes of "
        "drawing with repeats. (The board counts places of the buffer, and the fallen have no rows: so it says a bit "
        "less.) A shuffle is a permutation.",
        instead="How many different rows does an epoch see?",
        closing="With many epochs every row is seen in the end, and with large mini-batches the gradient is nearly "
        "the same: the return says little.",
        alibis={
            "F": "There are as many epochs as there should be, and as many mini-batches. What is in them?",
            "H": "The pieces are cut where they should be, and all of them are used. The order that is cut has "
            "repeats.",
            "B": "As many rows are stored as usual: num_rows in the report says so. They are not all *used*.",
            "C": "The rollout is as long as usual.",
            "P": "Rows that were left over would be more, not fewer.",
        },
    ),
    CaseFile(
        number=13,
        title="a perfect curve, and a reviewer who is not happy",
        node="O",
        clues=("step_grad",),
        verdict="gradients longer than max_grad_norm reach the optimizer: in units of it nothing above 1 may arrive. "
        "They are shortened after the step, when it is too late.",
        instead="One reading has a limit that no healthy run can pass. Which?",
        closing="With a large max_grad_norm nothing is ever shortened, and before or after is the same. Adam, which "
        "divides by the size of the gradient, hides the rest.",
        alibis={
            "N": "Longer gradients may come from heavier losses. But however heavy they are: what reaches the "
            "optimizer should have been shortened before.",
            "M": "The critic's gradient is longer than usual now and then. But it is not the loss that lets it "
            "through.",
        },
        weak={"critic_grad": "it is sometimes longer than usual. Which reading has a limit that may never be passed?"},
    ),
)  # fmt: skip
"""In the order of the lesson."""
