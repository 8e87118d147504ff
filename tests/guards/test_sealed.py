"""Sealed lines do what they did, under the same name, and do not stand in clear."""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ppo_lessons.guards.sealed import is_sealed, seal, source_of

PLAIN = '''"""A module."""

import functools

FACTOR = 3


def times(number: int, *more: int, factor: "int | None" = FACTOR, **named: str) -> int:
    """Return it times a factor."""
    factor = factor or FACTOR  # looked up when it is called
    return sum([n * factor for n in (number, *more)])


def counted(most):
    """Yield numbers."""
    for n in range(most):
        yield n


def fails(text):
    raise ValueError(f"no: {text}")


@functools.lru_cache
def kept(n):
    """Remember."""
    return [n]
'''
FUNCTIONS = ("times", "counted", "fails", "kept")


def sealed_by_hand(plain: str) -> str:
    """The same module, each function with its own lines sealed: as `teaching.sealing` does it, written otherwise."""
    head, *rest = plain.split("\ndef ")
    text = head.replace("import functools", "import functools\nfrom ppo_lessons.guards.sealed import sealed")
    for piece in rest:
        source, decorator, after = ("def " + piece).partition("\n\n@functools.lru_cache")
        header = source.split(":\n")[0] if "->" not in source else source.split("-> int:")[0] + "-> int"
        story = [line for line in source.splitlines() if '"""' in line]
        text += "\n".join(['\n@sealed("' + seal(source) + '")', f"{header}:", *story, "    ...", "", ""])
        text += f"\n@functools.lru_cache{after}" if decorator else ""
    return text


@pytest.fixture
def load(tmp_path: Path) -> Iterator:
    """Import a text as a module."""
    names = set()

    def load(name: str, text: str) -> ModuleType:
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        names.add(name)
        spec.loader.exec_module(module)
        return module

    yield load
    for name in names:
        del sys.modules[name]


@pytest.fixture
def pair(load) -> tuple[ModuleType, ModuleType]:
    return load("plain_one", PLAIN), load("sealed_one", sealed_by_hand(PLAIN))


def test_what_is_sealed_is_text_that_is_not_the_source():
    blob = seal(PLAIN)
    assert blob.isascii() and "\n" not in blob and "factor" not in blob and seal(PLAIN) == blob


def test_a_sealed_function_is_the_same_function(pair):
    plain, other = (module.times for module in pair)
    assert other(2, 1) == plain(2, 1) == 9 and other(2, factor=5) == 10
    assert (other.__name__, other.__qualname__, other.__module__) == ("times", "times", "sealed_one")
    assert other.__doc__ == plain.__doc__ and inspect.signature(other) == inspect.signature(plain)
    assert other.__annotations__ == plain.__annotations__ and other.__kwdefaults__ == {"factor": 3}
    assert other.__globals__ is vars(pair[1])


def test_it_is_as_fast(pair):
    """The same instructions (at most a NOP less: between lines Python leaves some), and no wrapper around them."""
    for name in FUNCTIONS:
        plain, other = (inspect.unwrap(getattr(module, name)).__code__ for module in pair)
        assert len(other.co_code) <= len(plain.co_code), name
        assert (other.co_names, other.co_varnames) == (plain.co_names, plain.co_varnames), name


def test_it_sees_its_module_as_it_is_now(pair, monkeypatch):
    monkeypatch.setattr(pair[1], "FACTOR", 10)
    assert pair[1].times(1, factor=None) == 10


def test_a_generator_stays_one(pair):
    assert inspect.isgeneratorfunction(pair[1].counted) and list(pair[1].counted(3)) == [0, 1, 2]


def test_other_decorators_stay_above_it(pair):
    kept = pair[1].kept
    assert kept(1) is kept(1) and kept.cache_info().hits == 1
    assert is_sealed(kept) and not is_sealed(pair[0].kept)
    assert [is_sealed(getattr(pair[1], name)) for name in FUNCTIONS] == [True] * 4
    assert not is_sealed(len) and not is_sealed(lambda: None)


def test_source_and_tracebacks_show_what_stands_there(pair):
    lines = inspect.getsource(pair[1].times)
    assert lines.startswith('@sealed("') and lines.rstrip().endswith("...") and "sum(" not in lines
    assert inspect.getsource(pair[1].kept).startswith("@functools.lru_cache")
    with pytest.raises(ValueError, match="no: x") as caught:
        pair[1].fails("x")
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert last.filename == pair[1].__file__ and last.name == "fails" and last.line.startswith("@sealed")
    assert "raise" not in "".join(traceback.format_exception(caught.value))


WHOLE = '''"""A module."""

import dataclasses

SEEN = __name__


@dataclasses.dataclass
class Pair:
    """Two."""

    a: int
    b: int = 2


def right():
    """Return the answer."""
    return Pair(40).a + Pair(40).b


alias = right
small = lambda: 1
'''


@pytest.fixture
def whole(load) -> ModuleType:
    lines = [
        '"""A module."""',
        "from ppo_lessons.guards.sealed import unseal",
        "",
        f'unseal(globals(), "{seal(WHOLE)}")',
    ]
    return load("sealed_whole", "\n".join(lines))


def test_a_sealed_module_is_the_same_module(whole):
    assert whole.right() == 42 and whole.SEEN == "sealed_whole" and whole.__doc__ == "A module."
    assert whole.Pair.__module__ == whole.right.__module__ == "sealed_whole"
    assert whole.right.__code__.co_filename == whole.__file__, "whose code it is, is told by its file"


def test_the_source_of_what_stands_in_it_is_at_hand_for_those_who_ask(whole, pair):
    assert source_of(whole.right) == 'def right():\n    """Return the answer."""\n    return Pair(40).a + Pair(40).b'
    assert source_of(whole.Pair).startswith("class Pair:\n")
    assert source_of(pair[0].counted) == inspect.getsource(pair[0].counted)
    with pytest.raises(OSError, match="does not stand by itself in sealed_whole"):
        source_of(whole.small)
    assert "return" not in inspect.getsource(whole.right)


def test_a_module_can_be_imported_anew(whole, load):
    again = load("sealed_whole", Path(whole.__file__).read_text(encoding="utf-8"))
    assert again.right is not whole.right and again.right() == 42
