"""What is worked out with pen and paper in this lesson."""

from ppo_lessons.classroom.paper import OnPaper

PAPER = (
    OnPaper(
        number="4.4",
        right=0.48,
        because="V(s1) = 0.2 x (-2) = -0.4. Q(s0, go on) = 1 - 0.4 = 0.6. V(s0) = 0.2 x 0.6 + 0.8 x 0 = 0.12. A = Q - "
        "V = 0.6 - 0.12 = 0.48: less than the 0.64 of before, for what waits upstairs is worse.",
        mistakes={
            0.6: "0.6 is Q(s0, go on). An advantage is Q - V: what was to be expected at s0 anyway is still to be "
            "taken away.",
            0.88: "0.88 is 1 - V(s0): you left out what may come after going on. Q is the reward *and* V(s1).",
            0.64: "0.64 is the advantage in the old house, where the strong spirit costs 1. Here it costs 2, and V(s1) "
            "is another one.",
            0.8: "For 0.8 V(s0) would have to be 0.2 x 1 + 0.2 x (-2) = -0.2. You forgot that s1 is only reached when "
            "the detective went on at s0: the loss counts 0.2 x 0.2 times.",
            -1.12: "-1.12 is 1 - 2 - 0.12: you took it for certain that it goes on at s1 too. It does so with "
            "probability 0.2, so V(s1) = 0.2 x (-2).",
            -0.8: "-0.8 takes it for certain that the detective goes on at s1 too, in Q as in V(s0). It does so with "
            "probability 0.2, so V(s1) = 0.2 x (-2).",
            -0.12: "-0.12 is A(s0, turn back). Asked is the other decision.",
            -0.48: "The size is right. A = Q - V, and not V - Q: going on is *better* than what is usual at s0.",
            0.12: "0.12 is V(s0). The advantage says how much better than that going on is: Q(s0, go on) - V(s0).",
            -0.4: "-0.4 is V(s1), what is to be expected upstairs. Now Q(s0, go on), then V(s0), then the difference.",
            1.0: "1 is the reward of going on. Add what may come after it, V(s1), and take away V(s0).",
        },
        hint="Begin at the end: V(s1) first, then Q(s0, go on) = 1 + V(s1), then V(s0) = 0.2 x Q(s0, go on), then "
        "the difference.",
    ),
    OnPaper(
        number="4.5",
        right="s0 turn back",
        because="Its ratio 0.7 / 0.8 = 0.875 lies inside, and its advantage is negative: it is to become rarer still, "
        "so it pushes towards going on. 's0 go on' has ratio 1.5 and is silent. Both rows of s1 push towards "
        "turning back, and together they are stronger: at 0.3 the clipped surrogate already falls.",
        mistakes={
            "s0 go on": "Its advantage +0.64 asks for more, but its ratio is 0.3 / 0.2 = 1.5, above 1.2: it has gone "
            "far enough the way it was asked to go, and the smaller of r A and clip(r) A is flat.",
            "s1 go on": "It does push, but the other way: its advantage is -0.8, so it is to become rarer. (Its ratio "
            "1.5 is outside, on the side where it should not be, so it is not clipped.)",
            "s1 turn back": "It does push, but the other way: its advantage is +0.2, so turning back is to become "
            "likelier.",
            "none": "One does. Work out all four ratios, 0.3 / 0.2 and 0.7 / 0.8, and ask of each: outside on the side "
            "that its advantage asked for?",
        },
        hint="Two ratios are enough: 0.3 / 0.2 for going on, 0.7 / 0.8 for turning back. Then the sign of each "
        "advantage.",
        choices=("s0 go on", "s0 turn back", "s1 go on", "s1 turn back", "none"),
    ),
)
