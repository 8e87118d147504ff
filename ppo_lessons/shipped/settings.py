"""Settings as they are said in a terminal: `clip_eps=0.1` in the type of its field."""

from collections.abc import Iterable
from types import NoneType
from typing import Any, get_args, get_type_hints

from ppo_lessons.config import PPOConfig


def read_settings(pairs: Iterable[str]) -> dict[str, Any]:
    """Return the settings that texts such as "clip_eps=0.1" stand for, each in the type of its field.

    A text that is no such value stays a text, and a name that is no field stays a name: `PPOConfig` says what is wrong.

    Raises:
        ValueError: If a text has no such form, or a name comes twice.
    """
    kinds, settings = get_type_hints(PPOConfig), {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise ValueError(f"--set takes NAME=VALUE. Got {pair!r}")
        if name in settings:
            raise ValueError(f"Each setting is given once. Got {name} twice")
        settings[name] = _value(text, get_args(kinds.get(name)) or (kinds.get(name),))
    return settings


def _value(text: str, kinds: tuple[Any, ...]) -> Any:
    """Return what a text stands for, if that is of one of these kinds."""
    named = {"true": True, "false": False} if bool in kinds else {"none": None} if NoneType in kinds else {}
    if text.lower() in named:
        return named[text.lower()]
    return next((number_in(text, kind) for kind in kinds if kind in (int, float)), text)


def number_in(text: str, kind: type) -> Any:
    """Return the number of that kind for which a text stands; the text itself, if it stands for none."""
    try:
        return kind(text)
    except ValueError:
        return text
