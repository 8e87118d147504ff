"""The papers behind the course: what they are, where the code names them, and which lessons do."""

import re
from typing import NamedTuple

from ppo_lessons.publishing.reference_pages import SOURCE, functions_with_sources


class Paper(NamedTuple):
    """One paper, report or page."""

    named: str
    """As docstrings and lessons name it."""
    full: str
    link: str = ""


PAPERS = (
    Paper(
        "Andrychowicz et al. (2020)",
        "M. Andrychowicz, A. Raichuk, P. Stańczyk and others: What matters in on-policy reinforcement learning? A "
        "large-scale empirical study",
        "https://arxiv.org/abs/2006.05990",
    ),
    Paper(
        "Baird (1995)",
        "L. Baird: Residual algorithms: reinforcement learning with function approximation. Proceedings of the 12th "
        "International Conference on Machine Learning",
    ),
    Paper(
        "Chan et al. (1983)",
        "T. F. Chan, G. H. Golub, R. J. LeVeque: Algorithms for computing the sample variance: Analysis and "
        "recommendations. The American Statistician 37 (3)",
        "https://doi.org/10.1080/00031305.1983.10483115",
    ),
    Paper(
        "Chaudhry et al. (2018)",
        "A. Chaudhry, P. K. Dokania, T. Ajanthan, P. H. S. Torr: Riemannian walk for incremental learning: "
        "Understanding forgetting and intransigence",
        "https://arxiv.org/abs/1801.10112",
    ),
    Paper(
        "Engstrom et al. (2020)",
        "L. Engstrom, A. Ilyas, S. Santurkar and others: Implementation matters in deep policy gradients: A case study "
        "on PPO and TRPO",
        "https://arxiv.org/abs/2005.12729",
    ),
    Paper(
        "Hasselt et al. (2016)",
        "H. van Hasselt, A. Guez, M. Hessel, V. Mnih, D. Silver: Learning values across many orders of magnitude",
        "https://arxiv.org/abs/1602.07714",
    ),
    Paper(
        "Huang & Ontañón (2022)",
        "S. Huang, S. Ontañón: A closer look at invalid action masking in policy gradient algorithms",
        "https://arxiv.org/abs/2006.14171",
    ),
    Paper(
        "Kakade & Langford (2002)",
        "S. Kakade, J. Langford: Approximately optimal approximate reinforcement learning. Proceedings of the 19th "
        "International Conference on Machine Learning",
    ),
    Paper(
        "Kingma & Ba (2015)",
        "D. P. Kingma, J. Ba: Adam: A method for stochastic optimization",
        "https://arxiv.org/abs/1412.6980",
    ),
    Paper(
        "Kong (1992)",
        "A. Kong: A note on importance sampling using standardized weights. University of Chicago, Department of "
        "Statistics, technical report 348",
    ),
    Paper(
        "McCandlish et al. (2018)",
        "S. McCandlish, J. Kaplan, D. Amodei, OpenAI Dota Team: An empirical model of large-batch training",
        "https://arxiv.org/abs/1812.06162",
    ),
    Paper(
        "Nota & Thomas (2020)",
        "C. Nota, P. S. Thomas: Is the policy gradient a gradient?",
        "https://arxiv.org/abs/1906.07073",
    ),
    Paper(
        "Pardo et al. (2018)",
        "F. Pardo, A. Tavakoli, V. Levdik, P. Kormushev: Time limits in reinforcement learning",
        "https://arxiv.org/abs/1712.00378",
    ),
    Paper(
        "Schulman et al. (2015)",
        "J. Schulman, S. Levine, P. Moritz, M. Jordan, P. Abbeel: Trust region policy optimization",
        "https://arxiv.org/abs/1502.05477",
    ),
    Paper(
        "Schulman et al. (2016)",
        "J. Schulman, P. Moritz, S. Levine, M. Jordan, P. Abbeel: High-dimensional continuous control using "
        "generalized advantage estimation",
        "https://arxiv.org/abs/1506.02438",
    ),
    Paper(
        "Schulman et al. (2017)",
        "J. Schulman, F. Wolski, P. Dhariwal, A. Radford, O. Klimov: Proximal policy optimization algorithms",
        "https://arxiv.org/abs/1707.06347",
    ),
    Paper("Schulman (2020)", "J. Schulman: Approximating KL divergence", "http://joschu.net/blog/kl-approx.html"),
    Paper(
        "Shannon (1948)",
        "C. E. Shannon: A mathematical theory of communication",
        "https://doi.org/10.1002/j.1538-7305.1948.tb01338.x",
    ),
    Paper(
        "Sutton et al. (2000)",
        "R. S. Sutton, D. McAllester, S. Singh, Y. Mansour: Policy gradient methods for reinforcement learning with "
        "function approximation. Advances in Neural Information Processing Systems 12",
    ),
    Paper(
        "Witt et al. (2020)",
        "C. Schroeder de Witt, T. Gupta, D. Makoviichuk and others: Is independent learning all you need in the "
        "StarCraft multi-agent challenge? (IPPO)",
        "https://arxiv.org/abs/2011.09533",
    ),
    Paper(
        "Yu et al. (2022)",
        "C. Yu, A. Velu, E. Vinitsky and others: The surprising effectiveness of PPO in cooperative multi-agent games "
        "(MAPPO)",
        "https://arxiv.org/abs/2103.01955",
    ),
)
NAMED = re.compile(r"([A-Z]\w+(?: et al\.)?)(?: (?:&|and) ([A-Z]\w+))?,? \(?((?:19|20)\d\d)\b")
"""How a paper is named in a sentence: Schulman et al. (2017), Nota and Thomas 2020."""
NOT_NAMES = "January February March April May June July August September October November December All In Since".split()


def named_in(text: str) -> set[str]:
    """Return which papers a text names, each as `Paper.named` writes it; also such as are not in `PAPERS`."""
    names = NAMED.findall(re.sub(r"\s*\n(?:# )?\s*", " ", text))
    return {f"{one}{other and ' & '}{other} ({year})" for one, other, year in names if one not in NOT_NAMES}


def references_page() -> str:
    """Return docs/references.md: every paper with the functions whose docstrings name it, and the lessons that do."""
    lines = ["# References", "", "Generated from the docstrings and the lessons by `python start.py format`.", ""]
    functions = list(functions_with_sources())
    lessons = {path.stem: named_in(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.glob("[0-9]*.py"))}
    for paper in PAPERS:
        named = [(module, name) for module, name, source in functions if paper.named in named_in(source)]
        code = [f"[`{name}`](../ppo_lessons/{module}.py)" for module, name in named]
        read = [f"[{name[:2]}](../notebooks/{name}.ipynb)" for name, papers in lessons.items() if paper.named in papers]
        where = "; ".join(
            f"{what}: {', '.join(links)}" for what, links in (("in code", code), ("in lessons", read)) if links
        )
        title = f"[{paper.full}]({paper.link})" if paper.link else paper.full
        lines.append(f"- **{paper.named}.** {title}. {where[:1].upper()}{where[1:]}.")
    return "\n".join(lines) + "\n"
