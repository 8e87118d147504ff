"""What is worked out with pen and paper in this lesson."""

from ppo_lessons.classroom.paper import OnPaper

PAPER = (
    OnPaper(
        number="15.5",
        right=34,
        because="The actor reads what its detective sees, 34 numbers, and it reads the same 34 in training. The 140 "
        "of the team are the critic's, and nobody asks a critic what to do.",
        mistakes={
            174: "174 is a row of the *training*: 34 for the actor and 140 for the critic. Which of them does the "
            "actor read?",
            140: "140 is what the team's critic reads: 4 x 34 and the detective's number. Does the critic choose?",
            136: "136 is what all four see, 4 x 34. That is the critic's, and a mate out of sight cannot be asked at "
            "play time.",
            38: "Its own number is among the 34 already. The one-hot number behind the joint observation is the "
            "critic's.",
            170: "170 is 34 + 4 x 34: a row of the training without the number. Which part of it does the actor read?",
            4: "4 is how many detectives there are. How many numbers does one of them see?",
            5: "5 is how many actions there are to choose from: what comes out, not what goes in.",
            64: "64 is the width of a hidden layer. Asked is what goes in.",
            1: "One number comes out of the critic. Asked is what goes into the actor.",
        },
        hint="What does a detective in the fog know at the moment of acting? That, and no more, goes in.",
    ),
    OnPaper(
        number="15.6",
        right="nothing",
        because="An action is drawn from the actor's probabilities, and these are worked out from the detective's "
        "own view. The critic's part in them is past: it has shaped the gradient while the team trained.",
        mistakes={
            "it cannot play": "To *train on* it would need a critic. To play it needs the actor, all there.",
            "it plays worse": "Is there any place at play time where a value is used? Advantages are worked out for "
            "the update, and there is no update.",
            "it plays as with its own critic": "There is no critic at play time, neither this nor that. And a team "
            "that was trained with another critic has other weights.",
            "it plays greedily": "Whether actions are drawn, or the likeliest is taken, is up to whoever lets it play. "
            "The critic has no say in either.",
        },
        hint="Go through one step of play: what is read, what is worked out, what is drawn?",
        choices=("nothing", "it plays worse", "it cannot play", "it plays as with its own critic", "it plays greedily"),
    ),
)
