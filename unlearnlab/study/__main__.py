"""Makes any recorded result again: `python -m unlearnlab.study --help`.

A program, which nothing imports: it stands above all floors, as the studies are its chapters'.
"""

import sys

if __name__ == "__main__":
    from ..chapters.recording import main  # here: a worker that imports this file needs no chapter

    sys.exit(main())
