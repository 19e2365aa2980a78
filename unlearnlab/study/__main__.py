"""Makes any recorded result again: `python -m unlearnlab.study --help`.

The program is the course's, `course/recording.py`, as the studies are its chapters'. It is looked
up when it is asked for: the library imports neither.
"""

import importlib
import sys

if __name__ == "__main__":
    sys.exit(importlib.import_module("unlearnlab.course.recording").main())
