"""What came of grading a class: tables, the page for the teacher, feedback for each student."""
