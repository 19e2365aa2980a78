"""How nbgrader handles the course. editions.py copies this file into the course's folder."""

c = get_config()  # noqa: F821  nbgrader gives it

c.CourseDirectory.course_id = "unlearnlab"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}  # as in the notebooks
c.Execute.timeout = 1800  # seconds a cell; only one that hangs takes so long
