"""Does a test wait as long as something happens, and no longer than that?"""

import patience
import pytest
from patience import wait_for


@pytest.fixture
def clock(monkeypatch):
    """A clock that only `pause` moves."""
    now = [0.0]
    monkeypatch.setattr(patience.time, "monotonic", lambda: now[0])

    def pause(seconds):
        now[0] += 10

    return now, pause


def test_what_is_there_is_given_at_once(clock):
    now, pause = clock
    assert wait_for(lambda: "here", "nothing", pause=pause) == "here" and now == [0.0]


def test_what_gives_a_sign_of_life_is_waited_for_far_longer_than_what_is_quiet(clock):
    now, pause = clock
    late = lambda: now[0] > 1200
    assert wait_for(late, "nothing", signs=lambda: now[0] // 250, pause=pause)
    with pytest.raises(AssertionError, match="no picture: nothing happened for 310 of 310 s"):
        now[0] = 0.0
        wait_for(late, lambda: "no picture", pause=pause)


def test_even_what_gives_signs_for_ever_comes_to_an_end(clock):
    now, pause = clock
    with pytest.raises(AssertionError, match="no end: nothing happened for 0 of 1810 s"):
        wait_for(lambda: False, "no end", signs=lambda: now[0], pause=pause)
