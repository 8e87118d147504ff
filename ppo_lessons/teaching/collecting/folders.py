"""Folders, whether they lie on the disk or in an archive: what is in them, by name and in the same order everywhere."""

import os
import re
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ppo_lessons.teaching.collecting.archives import (
    LINK,
    UNUSUAL,
    Budget,
    Gunzip,
    Limits,
    Place,
    Refusal,
    content,
    in_words,
    not_opened,
    opened,
)
from ppo_lessons.teaching.collecting.entries import Entry, list_tar, list_zip
from ppo_lessons.teaching.collecting.spelling import bounded, clean, from_disk, shown

FILE, FOLDER, ARCHIVE, REFUSED = "file", "folder", "archive", "refused"
"""What a thing is. Something refused has its reason, and is not looked into."""
ZIPS, TARS = (".zip",), (".tar", ".tar.gz", ".tgz")
OTHER_ARCHIVES = re.compile(r"(?:\.tar)?\.(7z|rar|gz|bz2|tbz2?|xz|txz|zst|lzma|cab|arj|lzh|ace|sitx?|iso|dmg)$", re.I)
NOBODYS = {"__macosx", "thumbs.db", "desktop.ini", "__pycache__", "node_modules", "site-packages", "venv"}
"""What systems and programs leave behind; so does everything whose name begins with a dot, but for ".ipynb"."""
NOBODYS |= {"timestamp.txt", "submission_secret.txt"}
"""As nbgrader writes them beside what it collects."""
UNPACK_FIRST = "unpack it first"
NOTEBOOK = re.compile(r'\s*\{\s*"(?:cells|metadata|nbformat|nbformat_minor|worksheets)"\s*:')


@dataclass(frozen=True)
class Thing:
    """A file, a folder or an archive."""

    name: str
    kind: str
    label: str
    """Where it is, for the teacher."""
    place: Place
    depth: int = 0
    """In how many archives it lies."""
    level: int = 0
    """In how many folders and archives it lies."""
    inside: tuple[Entry, ...] = ()
    """Of a folder in an archive: its entries, their parts from here on."""
    size: int = 0
    """In bytes; of one in an archive as it is written there, which may be a lie."""
    why: str = ""

    @property
    def stem(self) -> str:
        """The name without the ending of a notebook, a script or an archive."""
        endings = (*ZIPS, *sorted(TARS, key=len, reverse=True), ".ipynb", ".py", ".json", ".txt")
        ending = next((ending for ending in endings if self.name.lower().endswith(ending)), "")
        if self.kind != FOLDER and ending and len(ending) < len(self.name):
            return self.name[: -len(ending)].removesuffix(".ipynb")
        return OTHER_ARCHIVES.sub("", self.name) if self.kind == REFUSED else self.name


class Reader:
    """Looks into folders and archives, within limits.

    Args:
        limits: How much is read.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.unpacked = Budget(
            limits.whole_class, f"the archives of the class unpack to more than {in_words(limits.whole_class)}"
        )
        self.names = Budget(limits.names, f"there are more than {limits.names:,} files in the class")
        self._looked_into: deque[tuple[Thing, list[Thing]]] = deque(maxlen=8)

    def budget(self) -> Budget:
        """Return what may be unpacked of one student's archives, or to look into one of the class."""
        words = f"it unpacks to more than {in_words(self.limits.archive)}, with what lies beside it in the archives"
        return Budget(self.limits.archive, words, self.unpacked)

    def root(self, path: Path) -> Thing:
        """Return the thing to begin with. It may be named by a link, as the teacher named it."""
        if path.is_dir():
            return Thing(clean(from_disk(path.resolve().name)), FOLDER, "", Place(path.resolve()))
        return Thing("", FOLDER, "", Place(path.resolve().parent), inside=(Entry((path.resolve().name,)),))

    def children(self, thing: Thing, budget: Budget) -> list[Thing]:
        """Return what is in a folder or an archive, in the order of its name, without what is nobody's.

        Raises:
            Refusal: If it cannot be looked into.
        """
        for known, things in self._looked_into:
            if known is thing:  # it was opened a moment ago, to see what it is
                return things
        if thing.level > self.limits.levels:
            raise Refusal(f"it lies in more than {self.limits.levels} folders")
        if thing.kind == ARCHIVE:
            found = self._in_archive(thing, self._entries(thing, budget))
        elif thing.depth:
            found = self._in_archive(thing, list(thing.inside))
        else:
            found = list(self._on_disk(thing))
        self.names.spend(len(found))
        things = sorted((child for child in found if not _is_nobodys(child)), key=_order)
        self._looked_into.append((thing, things))
        return things

    def looks_like_a_notebook(self, thing: Thing) -> bool:
        """Say whether a file begins as a notebook does, whatever it is called."""
        return NOTEBOOK.match(self.beginning(thing)) is not None

    def beginning(self, thing: Thing, most: int = 4096) -> str:
        """Return the first characters of a file; none if it cannot be read."""
        raw = b""
        try:
            for piece in content(thing.place, self.limits):
                raw += piece
                if len(raw) >= most:
                    break
        except Refusal:
            return ""
        encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        return raw[:most].decode(encoding, "replace")

    def _on_disk(self, folder: Thing) -> Iterator[Thing]:
        only = {clean(from_disk(entry.parts[0])) for entry in folder.inside}
        try:
            with os.scandir(folder.place.path) as found:
                for entry in found:
                    if not only or clean(from_disk(entry.name)) in only:
                        yield self._from_disk(folder, entry)
        except OSError as error:
            raise Refusal(not_opened(error)) from None

    def _from_disk(self, folder: Thing, entry: os.DirEntry[str]) -> Thing:
        name = clean(from_disk(entry.name))
        place, label = Place(Path(entry.path)), _label(folder, name)
        try:
            now = entry.stat(follow_symlinks=False)
        except OSError as error:
            return Thing(name, REFUSED, label, place, why=not_opened(error))
        junction = getattr(now, "st_reparse_tag", 0) == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)
        if stat.S_ISLNK(now.st_mode) or junction:
            return Thing(name, REFUSED, label, place, why=LINK)
        if stat.S_ISDIR(now.st_mode):
            return Thing(name, FOLDER, label, place, level=folder.level + 1)
        if not stat.S_ISREG(now.st_mode):
            return Thing(name, REFUSED, label, place, why=UNUSUAL)
        kind, why = _kind(name)
        return Thing(name, kind, label, place, level=folder.level + 1, size=now.st_size, why=why)

    def _entries(self, archive: Thing, budget: Budget) -> list[Entry]:
        """Return the names in an archive; one in another archive is unpacked for that, and must be paid for."""
        if archive.depth >= self.limits.depth:
            raise Refusal(f"it lies in {self.limits.depth} archives, one in the other")
        place = _contents_of(archive)
        budget.spend(0)
        with opened(place, self.limits) as file:
            budget.spend(file.seek(0, os.SEEK_END) if place.steps else 0)
            found = list_tar(file, self.limits) if _is_tar(archive.name) else list_zip(file, self.limits)
        if not found:
            raise Refusal("it is empty")
        return found

    def _in_archive(self, thing: Thing, entries: list[Entry]) -> list[Thing]:
        """Return what stands at the front of the entries' names: files, and folders with what is in them."""
        outside = thing.kind == ARCHIVE
        place = _contents_of(thing) if outside else thing.place
        depth, level = thing.depth + outside, thing.level + 1
        files, folders = [], {}
        for entry in entries:
            if not entry.parts:
                continue
            name = bounded(clean(entry.parts[0]))
            if entry.folder or len(entry.parts) > 1:
                rest = folders.setdefault(name, [])
                if len(entry.parts) > 1:
                    rest.append(Entry(entry.parts[1:], entry.folder, entry.step, entry.why))
                continue
            kind, why = (REFUSED, entry.why) if entry.step is None else _kind(name)
            inner = place.within(entry.step) if entry.step else place
            size = entry.step.size if entry.step else 0
            files.append(Thing(name, kind, _label(thing, name), inner, depth, level, size=size, why=why))
        made = (
            Thing(name, FOLDER, _label(thing, name), place, depth, level, tuple(rest)) for name, rest in folders.items()
        )
        return [*files, *made]


def _contents_of(archive: Thing) -> Place:
    """Return where the entries of an archive are to be read: in a .tar.gz one step further."""
    zipped = _is_tar(archive.name) and not archive.name.lower().endswith(".tar")
    return archive.place.within(Gunzip(archive.size)) if zipped else archive.place


def _order(thing: Thing) -> tuple[str, str, str, int, str]:
    """Sort by name; of two entries with one name the later one in the archive is the later one."""
    offset = getattr(thing.place.steps[-1], "offset", 0) if thing.place.steps else 0
    return thing.name.casefold(), thing.name, thing.kind, offset, str(thing.place.path)


def _label(folder: Thing, name: str) -> str:
    join = ": " if folder.kind == ARCHIVE else "/" if folder.label else ""
    return f"{folder.label}{join}{shown(name) or '(no name)'}"


def _kind(name: str) -> tuple[str, str]:
    """Return whether a file is an archive, by its ending, and why it is not read, if it is not."""
    if name.lower().endswith((*ZIPS, *TARS)):
        return ARCHIVE, ""
    return (REFUSED, UNPACK_FIRST) if OTHER_ARCHIVES.search(name) else (FILE, "")


def _is_tar(name: str) -> bool:
    return name.lower().endswith(TARS)


def _is_nobodys(thing: Thing) -> bool:
    if thing.depth and thing.kind == REFUSED:
        return False  # "../x" begins with a dot, and is to be named
    return thing.name.lower() in NOBODYS or (thing.name.startswith(".") and thing.name.lower() != ".ipynb")
