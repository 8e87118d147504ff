"""The two texts of a course for nbgrader: its settings, and what a teacher has to know."""

from collections.abc import Mapping, Sequence

_CONFIG = r'''"""nbgrader's settings for this course, as `python start.py teacher` wrote them. They are yours now."""

import os
import sys
from pathlib import Path

from ppo_lessons.teaching.for_nbgrader.cells import RELEASE, SANITIZE
from ppo_lessons.teaching.for_nbgrader.collector import OneOfEach

c = get_config()  # nbgrader brings it along
c.CourseDirectory.course_id = "ppo_lessons"

# nbgrader calls a program of this environment, also where the environment is not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

# What a run leaves beside a notebook, such as functions that passed, is not handed out. What comes beside one is not
# taken along: a torch.py of a student's would stand in torch's place.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "__pycache__", "feedback", "*.py", "*.pyc", ".progress*"]
os.environ.pop("PPO_LESSONS_HOME", None)  # or what passes would be collected in the teacher's own my_ppo.py

c.GenerateAssignment.preprocessors = RELEASE  # nbgrader's, but a blank is handed out as the course has it
c.Autograde.sanitize_preprocessors = SANITIZE  # nbgrader's, but a copied cell does not stop the class's run
c.OverwriteCells.add_missing_cells = True  # a deleted test comes back

# A cell of the lessons takes some seconds. One without an end is cut off, and the next is run.
c.Execute.timeout = 120
c.Execute.iopub_timeout = 30  # a busy machine is slow to hand a picture on; nbgrader would give the notebook up

# Whose notebook is it? Understood are, in a zip or in the folder `archive` itself,
#     Anna Schmidt_1234567_assignsubmission_file/07_ratios.ipynb  (Moodle; also without folders)
#     schmidtanna_12345_678910_07_ratios-1.ipynb                  (Canvas)
#     anna/07_ratios.ipynb, anna_07_ratios.ipynb, anna.zip
# nbgrader matches the whole path, from its beginning. What macOS and Jupyter put beside a notebook is left out.
c.ZipCollectApp.strict = True  # other lessons in the same zip wait for their own turn
c.ZipCollectApp.collector_plugin = OneOfEach
c.FileNameCollectorPlugin.named_regexp = r"""(?x)
    .* [\\/] downloaded [\\/] (?: LESSONS ) [\\/] extracted [\\/]
    (?! (?: .* [\\/] )? (?: __MACOSX | \. ) )
    (?: [^\\/]+ [\\/] )?                     # a folder with the name of the zip
    (?: (?: LESSONS ) [\\/] )*
    (?P<student_id> (?! (?: LESSONS ) [\\/.] ) [^\\/]+? )
    (?: _ (?: LATE_ )? (?P<number> \d+ ) _ (?: \d+ | assignsubmission_file ) )?
    (?: _? [\\/] (?: .* [\\/] )? | _ )
    (?P<file_id> LESSONS )
    [^\\/]* \.ipynb $
""".replace("LESSONS", "{lessons}")
'''

_MANUAL = """# PPO lessons, with nbgrader

{rows}

`nbgrader` is the course's own: activate its environment (in the course's folder `source .venv/bin/activate`, on Windows
`.venv\\Scripts\\activate`). Then, in this folder, for instance with {example}:

1. `nbgrader generate_assignment {example}` writes `release/{example}/{example}.ipynb`. Hand it out. Students put it
   into the folder `notebooks` of their course, in place of the one that is there, and work in it.
2. Put what the learning platform gives you, a zip or notebooks, into `downloaded/{example}/archive`.
3. `nbgrader zip_collect {example} --force` takes one notebook of each student out of it. Whose it is, it reads from the
   path: `nbgrader_config.py` says which paths are understood.
4. `nbgrader autograde {example}` runs each notebook as a whole: 10 to 25 seconds of one core, also if it is blank.
   Who is graded already is left as it is; after a second round of 2 and 3, `--force` grades everybody anew.
5. `nbgrader generate_feedback {example}` writes `feedback/STUDENT/{example}/{example}.html`. In it stands the sentence
   that names the mistake.
6. `nbgrader export` writes `grades.csv`.

**Read what 3 and 4 print.** Who is left out stands there and nowhere else. To look at answers and to change points:
`jupyter lab` in this folder, then *Nbgrader* and *Formgrader*.

An exercise gives all of its points or none. It is tried on the inputs of the lesson's check, and on others that no
lesson shows. A blank gives none, and neither does the package's own function. What a student wrote in the course's own
notebook cannot be graded here: its cells are without nbgrader's marks.

## What nbgrader cannot do

- **Keep an answer away from its test.** Both run in one kernel, and as you. A submission that puts its own functions in
  the place of ours gets all points; it may also read or delete your files. If something like `torch.allclose` is
  replaced so that wrong answers count as right, the test notices, and no more than that.
- **Survive a dead kernel.** A student whose notebook ends its kernel (`os._exit`, too little memory), or whose file is
  damaged, is not graded. All others are, and at its end `autograde` names who is missing. `grades.csv` does not: it
  gives 0 points, as for a blank.
- **Tell a warning from an error.** Anything on stderr in a test cell is 0 points. Ours print nothing, whatever the
  answer prints.
- **Bear a cell that was copied or split.** It has its mark twice, and by itself nbgrader stops grading the whole class
  (jupyter/nbgrader#1083). These settings mend that: the last one keeps the mark.
- **See a class.** Which mistake was made how often stands in no table.

`python start.py grade FOLDER`, in the course's folder, takes the same zip. It runs answers behind walls, needs no marks
in the cells, and says what to explain next.
"""


def config(lessons: Sequence[str]) -> str:
    """Return the text of `nbgrader_config.py`.

    Args:
        lessons: Names of the assignments.
    """
    return _CONFIG.replace("{lessons}", " | ".join(lessons))


def manual(points: Mapping[str, int]) -> str:
    """Return the text of the README.md.

    Args:
        points: Name of an assignment -> points to be had in it.
    """
    rows = "\n".join(
        ["| assignment | points |", "|---|---|", *(f"| {name} | {each} |" for name, each in points.items())]
    )
    return _MANUAL.format(rows=rows, example=next(iter(points)))
