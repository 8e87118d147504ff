"""What is worked out with pen and paper in this lesson."""

from ppo_lessons.classroom.paper import OnPaper

PAPER = (
    OnPaper(
        number="18.1",
        right=0.3,
        because="(600 x 0.2 + 300 x 0.5) / 900 = 270 / 900. The second rank has a third of the rows, so its mean "
        "counts for a third.",
        mistakes={
            0.35: "That is the mean of the two means. The second rank has half as many rows, and each of them would "
            "count twice as much.",
            0.4: "The weights are the wrong way round: the first rank has the 600 rows.",
            0.7: "You added the means. A mean of means needs weights that add up to 1.",
            0.15: "Right weights are 600/900 and 300/900; you halved once too often.",
            270: "That is the sum over all rows. Divide it by their number.",
            135: "You divided by the number of ranks, not by that of the rows.",
            0.45: "270 by 600. Divide by *all* rows, 900.",
            0.9: "270 by 300. Divide by *all* rows, 900.",
            0.1: "0.2 x 600/900 is only 0.13, and the second rank brings 0.17 more.",
        },
        hint="How large is the sum over all 900 rows?",
    ),
    OnPaper(
        number="18.5",
        right="waits",
        because="An update has no meeting where it says goodbye. The first rank comes to its next gradient and waits "
        "there, and nobody comes. Nothing is printed; only a time limit ends it.",
        mistakes={
            "goes on alone": "The sum of the gradients needs everybody's. A rank cannot know that another will not "
            "come.",
            "stops, too": "How should it hear of it? The second rank has told nothing; it is simply not there.",
            "crashes": "Not by itself: a message that does not come is no error, only silence. It takes a time limit "
            "to make one of it.",
        },
        hint="What does a rank do when it comes to the sum of all gradients, and one of them is missing?",
        choices=("goes on alone", "stops, too", "waits", "crashes"),
    ),
    OnPaper(
        number="18.7",
        right=6,
        because="The work shrinks to 48 / 8 = 6 ms, and the talk adds 8 x 0.25 = 2 ms: 8 ms in the place of 48.",
        mistakes={
            8: "That would be right if talking cost nothing.",
            7.68: "The ranks talk in every one of the 8 gradient steps, not once: 8 x 0.25 ms.",
            24: "48 / 2: the talk alone. The work has not vanished; it takes 6 ms.",
            0.96: "You added the talk to the whole work: 48 ms are shared by 8 machines.",
            0.17: "The other way round: 48 ms before, 8 ms now. How many times as fast?",
            40: "That is how many milliseconds are saved. How many *times* as fast is it?",
            4.8: "The talk of 2 ms is not shared out and not doubled: 6 + 2 = 8 ms.",
            2: "2 ms is the talk. How long is the whole cycle, and how long was it before?",
        },
        hint="How long is the work of each machine, and how long do they talk in a cycle?",
    ),
)
