"""The pictures of notebook 03: what pictures.json says of them, by name."""

from ...course.graphs import planned

draw = planned(__file__)
