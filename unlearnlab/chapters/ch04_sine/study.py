"""The recorded runs of notebook 04: paper A's whole grid on the sine."""

from ...course.studies import Study
from ...tasks import sine

STUDIES = (
    Study(
        name="table1",
        title="the whole grid of paper A's Table 1 (Table 7): 5,940 runs, half an hour",
        factory=sine.task,
        grid=[sine.published_grid(epochs) for epochs in sine.PUBLISHED],
        seeds=tuple(range(1, 11)),
    ),
)
