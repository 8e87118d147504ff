"""Who handed something in, as far as names say it: how each platform spells a name, and what people make of one.

A pattern's comment says what is known of the platform, and from where.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ppo_lessons.teaching.collecting.spelling import VERSION, same, without_copy

NO_NAME = "(no name)"


@dataclass(frozen=True)
class Who:
    """A student, as one name of a file or a folder tells."""

    name: str
    id: str = ""
    """Tells two students of one name apart."""
    platform: str = ""
    lasting: bool = True
    """Whether the id is the student's own. If not, it holds within one download only."""
    attempt: str = ""
    """Sorts what one student handed in from old to new."""
    own: str = ""
    """What the student called the file, if the name of a file was read."""
    work: str = ""
    """What the work is called where a platform wrote names down beside it."""


# Moodle, from its source (mod/assign: downloader.php, importziplib.php): "<full name>_<participant>_assignsubmission_
# <plugin>", an underscore behind it until 4.0, and none since 4.1; then "/<the student's own folders and names>", or,
# with "download in folders" switched off, "_<name>". Underscores of the full name are made blanks. The number belongs
# to the pair of student and assignment (table assign_user_mapping): in the next assignment it is another one. A team
# has its group's name and number there, or, without a group, no number. The order of first name and surname is a
# setting of the site, so it is left as it is.
MOODLE = re.compile(r"(?P<name>[^_]+?)(?:_(?P<id>\d+))?_assignsubmission_[a-z]+(?:_(?P<own>.*))?", re.S)

# Blackboard Learn, from the programs of several teachers who sort its "Assignment File Download": "<assignment>_<user
# name>_attempt_<date>_<name>", and for each attempt a receipt "<assignment>_<user name>_attempt_<date>.txt" whose first
# line is "Name: <full name> (<user name>)". The assignment may hold underscores; where the user name does, the receipt
# alone can tell.
BLACKBOARD = re.compile(
    r"(?P<stem>.+)_attempt_(?P<attempt>\d{4}(?:-\d\d){5})(?:_(?P<own>.+)|(?P<receipt>\.txt)|\.\w+)?", re.S
)
RECEIPT = re.compile(r"\s*Name:\s*(?P<name>[^\r\n]+?)\s*\((?P<id>[^()\r\n]+)\)\s*[\r\n]")

# Brightspace (D2L), from the programs and tests of several teachers: "<number>-<number> - <full name> - <date>", then
# "/<name>" or " - <name>"; an index.html beside them. Within one download the second number is the same for all, and
# the first one differs; whether it is the student's own is not known. The date is as the reader's language has it:
# "Dec 5, 2024 1149 AM", "05 March 2026 612 PM", and a zip may hold "11:21 PM".
_DATE = r"(?:[^\W\d]+\.? \d{1,2},? \d{4}|\d{1,2}\.? [^\W\d]+\.? \d{4}),? \d{1,2}[:._]?\d\d(?: ?[AaPp]\.?[Mm]\.?)?"
BRIGHTSPACE = re.compile(rf"(?P<id>\d+)(?:-\d+)? - (?P<name>.+?) - (?P<date>{_DATE})(?: - (?P<own>.+))?", re.S)
BRIGHTSPACE_UNDATED = re.compile(r"(?P<id>\d{3,})-\d{3,} - (?P<name>.+?)(?: - (?P<own>.+))?", re.S)
_DATE_PARTS = re.compile(r"(\d{1,2})?\.? ?([^\W\d]+)\.? ?(\d{1,2})?,? (\d{4}),? (\d{1,2})[:._]?(\d\d)(?: ?([AaPp]))?")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
OTHER_MONTHS = {"mär": "mar", "mrz": "mar", "mai": "may", "okt": "oct", "dez": "dec"}

# Gradescope, from the programs that read its export (otter-grader among them): a folder "submission_<number>" for each
# submission, and beside them a submission_metadata.yml that has the names.
GRADESCOPE = re.compile(r"submission_(?P<id>\d+)")
METADATA = "submission_metadata.yml"
_SUBMISSION = re.compile(r"^(submission_\d+):", re.M)
_SUBMITTER = re.compile(r"^[ \t]*(?:-[ \t]+)?:(name|sid|email):[ \t]*(.*?)[ \t\r]*$", re.M)

# nbgrader, from its source (exchange/default/submit.py): in an exchange "<student>+<assignment>+<timestamp>[+<random>]"
# with a timestamp.txt beside the notebook; in a course "submitted/<student>/<assignment>/", which needs no pattern.
EXCHANGE = re.compile(
    r"(?P<id>[^+]+)\+[^+]+\+(?P<attempt>\d{4}-\d\d-\d\d[ T_]\d\d\W?\d\d\W?\d\d[^+]*)(?:\+(?P<own>.*))?"
)
NBGRADER = {"source", "release", "autograded", "feedback", "downloaded", "gradebook.db", "nbgrader_config.py"}

# Canvas, from its source (lib/content_zipper.rb): "<sortable name>[_LATE]_<user>_<attachment>_<name>". The name,
# surname first, has lost its capitals and all that is no letter, digit or underscore; the user's number is the same in
# every assignment; the attachment's grows with time. Graded anonymously: "[LATE_]anon_<5 signs>_<attachment>_<name>". A
# name that is there twice becomes "<name>-1". A text or a link is an .html without the attachment's number.
CANVAS = re.compile(
    r"(?:(?!LATE_)(?P<name>\w+?)_)?(?:(?:LATE|late)_)?(?P<id>[1-9]\d+|anon_[A-Za-z0-9]{5})"
    r"(?:_(?P<attempt>[1-9]\d{2,})_(?P<own>.+)|_(?:text|link)\.html)",
    re.S,
)

# ILIAS, from its source (ilExSubmission): "<surname>_<first name>_<login>_<user>" in ASCII (ä is ae) for each student,
# in a zip that is called "Abgaben" or "Submissions", for a team in a folder of its own. On the server, and in some
# downloads, a file is "<14 digits: when>_<name>"; else a second "x.ipynb" becomes "x (2).ipynb", and a late one has the
# words for it, in the reader's language, in front.
ILIAS = re.compile(r"(?P<last>[^_]+)_(?P<first>[^_]+(?:_[^_]+)*?)_(?P<login>[^_]+)_(?P<id>\d+)")
WRITTEN_AT = re.compile(r"(?P<attempt>\d{14})_(?P<own>.+)", re.S)

# Microsoft Teams, from the descriptions of several programs: the class's "Student Work" library, synchronised, has
# "Submitted files/<full name>/<assignment>/Version <n>/", and drafts in "Working files".
# Google Classroom, from the same kind of source: a folder for each assignment in the teacher's Drive. A file that was
# made there is "<full name> - <title>"; one that was uploaded keeps the name that the student gave it.
WORKING_FILES = "working files"

CONTAINER = re.compile(
    r"(?:\d\d?[\s_.-]+)?(?:lessons?|le[ck]tion(?:en)?|weeks?|wochen?|sheets?|bl[aä]tt(?:er)?|units?|einheit(?:en)?|ex|"
    r"exercises?|[uü]e?bung(?:en|sblatt)?|hw|homeworks?|hausaufgaben?|assignments?|aufgaben?|tasks?|abgaben?|downloads?|"
    r"submissions?|submitted(?: files)?|student work|handed[ _-]in|hand-?ins?|inbound|einreichungen|notebooks|"
    r"class|klasse|kurs|course)(?:[\s_-]*\d+[a-z]?(?:[\s_-]+\d+)?)?|.*[\W_](?:submissions|abgaben)",
    re.I,
)
"""Names of what holds the work of several students. A group is not among them: it hands in as one."""
COURSES_OWN = {"notebooks", "ppo_lessons", "jupyter", "benchmarks", "tests", "docs", "source", "data", "src", "images"}
"""Folders of this course, and of any student: nobody is called so."""
NOISE = re.compile(
    r"(?<![^\W_])(?:lesson|lektion|notebook|exercises?|homework|hw|abgabe|aufgaben?|submission|solutions?|solved|"
    r"l[oö]sung|gel[oö]st|final|finished|done|fertig|copy of|copy|kopie von|kopie|"
    r"v(?:ersion)?[\s_-]?\d{1,2})(?![^\W_])",
    re.I,
)
"""Words that stand beside a lesson's name and are nobody's name. A number may be a group's, so it stays."""
NO_NAMES = {"", "new", "neu", "old", "alt", "x", "test"}
"""What is nobody's name if it stands there alone; "Anna Neu" has a surname."""
_COPY_INSIDE = re.compile(r"^-(\d{1,2})(?!\d)|\((\d{1,4})\)")


def who(name: str) -> Who | None:
    """Return who handed something in if a platform spelled its name, and spelled it as no person would.

    Args:
        name: Of a file, a folder or an archive, with its ending.
    """
    if found := MOODLE.fullmatch(name):
        return Who(found["name"].strip(), found["id"] or "", "Moodle", lasting=False, own=found["own"] or "")
    if found := BLACKBOARD.fullmatch(name):
        user = found["stem"].rsplit("_", 1)[-1]
        work = f"{found['stem']}_attempt_{found['attempt']}"
        return Who(user, user, "Blackboard", attempt=found["attempt"], own=found["own"] or "", work=work)
    if found := BRIGHTSPACE.fullmatch(name):
        attempt = _sortable(found["date"])
        return Who(found["name"], found["id"], "Brightspace", lasting=False, attempt=attempt, own=found["own"] or "")
    found = BRIGHTSPACE_UNDATED.fullmatch(name)
    if found and (found["own"] or not re.search(r"\.\w{1,5}$", name)):
        return Who(found["name"], found["id"], "Brightspace", lasting=False, own=found["own"] or "")
    if found := GRADESCOPE.fullmatch(name):
        return Who(name, found["id"], "Gradescope", attempt=found["id"].zfill(20), work=name)
    if found := EXCHANGE.fullmatch(name):
        return Who(found["id"], platform="nbgrader", attempt=found["attempt"])
    return None


def who_in_canvas(name: str) -> Who | None:
    """Return who handed a file in if Canvas may have spelled its name. People write names like that, too."""
    found = CANVAS.fullmatch(name)
    if not found or (found["name"] or "").lower() != (found["name"] or ""):
        return None
    label = found["name"] or found["id"]
    return Who(label, found["id"], "Canvas", attempt=(found["attempt"] or "").zfill(20), own=found["own"] or "")


def who_in_ilias(name: str) -> Who | None:
    """Return who handed a folder in if ILIAS may have spelled its name. People write names like that, too."""
    found = ILIAS.fullmatch(name)
    return Who(f"{found['first'].replace('_', ' ')} {found['last']}", found["id"], "ILIAS") if found else None


def _sortable(date: str) -> str:
    """Return Brightspace's date so that it sorts: "2024-12-05 11:49"; as it is if its month is in another language."""
    found = _DATE_PARTS.match(date)
    if not found:
        return date
    first, word, second, year, hour, minute, half = found.groups()
    month = OTHER_MONTHS.get(word[:3].lower(), word[:3].lower())
    if month not in MONTHS:
        return date
    hours = int(hour) % 12 + 12 * (half in "pP") if half else int(hour)
    return f"{year}-{MONTHS.index(month) + 1:02}-{int(first or second or 1):02} {hours:02}:{minute}"


def names_of_gradescope(text: str) -> dict[str, Who]:
    """Return who handed in which folder, from Gradescope's own list; a team is called by all its names.

    Args:
        text: Of the file; a few lines of it are understood, and no YAML.
    """
    pieces = _SUBMISSION.split(text)
    people = {}
    for folder, lines in zip(pieces[1::2], pieces[2::2], strict=True):
        team = lines.split(":created_at:")[0]
        facts = [(kind, value.strip("\"'")) for kind, value in _SUBMITTER.findall(team)]
        names = [value for kind, value in facts if kind == "name" and value]
        ids = [value for kind, value in facts if kind == "sid" and value]
        ids = ids or [value for kind, value in facts if kind == "email" and value]
        if names:
            people[folder] = Who(", ".join(names), ", ".join(ids) or folder, "Gradescope")
    return people


def receipt_of(name: str) -> str:
    """Return of which work a file is Blackboard's receipt; "" if it is none."""
    found = BLACKBOARD.fullmatch(name)
    return f"{found['stem']}_attempt_{found['attempt']}" if found and found["receipt"] else ""


def name_on_receipt(text: str) -> Who | None:
    """Return whose receipt of Blackboard it is, from its first line."""
    found = RECEIPT.match(text)
    return Who(found["name"], found["id"].strip(), "Blackboard") if found else None


def lesson_pattern(lessons: Sequence[str]) -> re.Pattern[str]:
    """Return what finds a lesson's name in the name of a file: "01_rollout", "01 Rollout", "rollout"; `my_ppo`, too.

    Args:
        lessons: Names of all lessons.
    """
    spelled = []
    for lesson in (*sorted(lessons, key=len, reverse=True), "my_ppo"):
        number, _, title = lesson.partition("_") if lesson[:1].isdigit() else ("", "", lesson)
        words = r"[\s_-]*".join(map(re.escape, title.split("_")))
        spelled.append(rf"(?:{number}[\s_.-]*)?{words}" if number else words)
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(spelled)})(?![^\W_])", re.I)


def who_in_flat(stem: str, lessons: re.Pattern[str]) -> Who:
    """Return who is named beside the lesson in the name of a file that lies in no student's folder.

    If no lesson is named, the whole name is the student's label, the mark of a copy with it: better two that are one
    than one that is two.

    Args:
        stem: The name without its ending.
        lessons: As `lesson_pattern` returns it.
    """
    found = lessons.search(stem)
    if not found:
        return Who(stem)
    before, copies = without_copy(stem[: found.start()])
    behind, more = without_copy(f" {stem[found.end() :]}")
    marks = [*_COPY_INSIDE.findall(before), *_COPY_INSIDE.findall(behind[1:])]
    copies += more + sum(int(one or other) for one, other in marks)
    parts = (_COPY_INSIDE.sub(" ", before), _COPY_INSIDE.sub(" ", behind[1:]))
    words = " ".join(re.sub(r"^[\W_]+|[\W_]+$", "", NOISE.sub(" ", part)).replace("_", " ") for part in parts)
    name = " ".join(words.split())
    if name.casefold() in NO_NAMES:
        return Who(NO_NAME, str(copies or ""), attempt=f"{copies:04}")
    return Who(name, attempt=f"{copies:04}")


def holds_several(name: str, lessons: re.Pattern[str]) -> bool:
    """Say whether a folder's or an archive's name is one of a class's work, or of a lesson: "submitted", "lesson 1"."""
    stem = without_copy(name)[0]
    return CONTAINER.fullmatch(stem) is not None or lessons.fullmatch(stem) is not None


def is_nobody(name: str) -> bool:
    """Say whether a folder is called as no student is: by the course, or as one of several versions."""
    return same(name) in COURSES_OWN or VERSION.fullmatch(name) is not None
