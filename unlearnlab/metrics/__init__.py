"""Is it forgotten? Metrics of unlearning, each with its null floor: what retrained models give when
compared with retrained models.

margins.py        how sure is a model of the label?          margin
membership.py     can training examples be told from others?  mia
lira.py           and each of them from its own history?      lira_score, u_lira
distributions.py  are unlearned models like retrained ones?   klom
gaps.py           how far from the retrained in accuracy?     tow, average_gap, gap_floor
memorisation.py   which examples were memorised at all?       halves, memorisation,
                                                              memorisation_floor
floors.py         what counts as nothing, and how sure?       against_itself (the floor of a metric
                                                              of many), interval, jackknife
"""

from .distributions import klom
from .floors import Interval, against_itself, interval, jackknife
from .gaps import average_gap, gap_floor, tow
from .lira import lira_score, u_lira
from .margins import margin
from .membership import mia
from .memorisation import halves, memorisation, memorisation_floor
