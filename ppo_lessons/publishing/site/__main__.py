"""Build the site: `python start.py site`."""

import argparse
from pathlib import Path

from ppo_lessons.publishing.reference_pages import REPOSITORY
from ppo_lessons.publishing.site.book import BrokenSite, build_site

USUAL = REPOSITORY / "build" / "site"


def main() -> int:
    """Write every lesson and page as a static site, which is read in a browser without a network or a server."""
    parser = argparse.ArgumentParser(prog="python start.py site", description=main.__doc__)
    parser.add_argument("--to", type=Path, default=USUAL, help="folder to write; build/site if not given")
    options = parser.parse_args()
    try:
        build_site(options.to)
    except BrokenSite as problem:
        print(problem)
        return 1
    print(f"Open {options.to / 'index.html'} in a browser.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
