"""What is worked out with pen and paper in this lesson."""

from ppo_lessons.classroom.paper import OnPaper

PAPER = (
    OnPaper(
        number="16.1",
        right="truncations",
        because="The lanterns would go on shining: only our watching ends. So the critic's estimate of what is seen "
        "last stands for the rest. With terminations the critic would learn that nothing comes after step 12, from "
        "views that look like those of step 5.",
        mistakes={
            "terminations": "That says that nothing more can be earned in this episode. Did anything happen in the "
            "world, or did we only stop watching?",
            "both": "Where both are set, the end counts as a real one, and nothing is expected after it.",
            "neither": "Then the agents may not leave `agents`, and the check says so.",
        },
        hint="Would there be more to earn if the episode were not stopped?",
        choices=("terminations", "truncations", "both", "neither"),
    ),
    OnPaper(
        number="16.2",
        right=24,
        because="3 + 5 + 8 + 8. The step in which an agent falls is still its decision; what comes after it is none.",
        mistakes={
            32: "32 = 4 x 8 are the places in the buffer. Who has fallen decides nothing any more.",
            22: "You left out the steps in which they fell. These are real decisions, and the most telling ones.",
            26: "One row too many for each that fell: after the step of the fall there is no decision.",
            16: "16 are the rows of the two who go on. The others decided something, too, until they fell.",
            8: "3 + 5 are the rows of those who fall, 5 + 3 the empty places. The two others decide as well.",
            6: "That is how many are left out of the 32, one too few for each that fell; asked is how many remain.",
            4: "There are four agents, and each decides at every step until it falls.",
            10: "2 + 8: one who falls, without the step of the fall, and one who goes on. Count all four.",
            20: "Count for each agent the steps in which it decided something: 3, 5, 8 and 8.",
        },
        hint="How many decisions does each of the four make? The step of the fall counts.",
    ),
    OnPaper(
        number="16.5",
        right=0.25,
        because="CleanRL's loss has a half in front of the mean squared error, and then the coefficient: 0.5 x 0.5 of "
        "ours.",
        mistakes={
            0.5: "That is the coefficient as it stands there. But their value loss has a half in front of it, and ours "
            "has not.",
            1: "The half goes the other way: 0.5 times *half* of the mean squared error.",
            2: "Write both losses down: c x half of the MSE here, c' x MSE there. Which c' makes them equal?",
            0.125: "A half too many: once in front of the error, once as the coefficient, and that is all.",
            0: "Then the critic would learn nothing.",
            0.0625: "That is a quarter of a quarter. Half of the error, times 0.5: that is all there is.",
            4: "The other way round: their weights make it a quarter, not four times as much.",
        },
        hint="0.5 x (half of the mean squared error) = ? x (the mean squared error)",
    ),
)
