"""How long does a test wait for what it wants to see? As long as something happens, and never
by the machine's speed."""

import time

END = 1800  # seconds: only a hang lasts so long
QUIET = 300  # seconds without any sign of life: stuck


def wait_for(ready, what, signs=lambda: None, pause=time.sleep, quiet=QUIET):
    """Returns what `ready()` gives, as soon as that is true.

    what: names, in the error, what has not come; a function is called for it. signs: whatever it
    gives, the patience begins anew when that changes; it is asked about once a second. pause:
    called with the seconds between two looks, which grow: what takes long is not looked at all the
    time. Raises AssertionError after `quiet` seconds in which the signs were the same, and after
    END seconds in any case.
    """
    began = changed = asked = time.monotonic()
    before, seconds = signs(), 0.03
    while not (found := ready()):
        pause(seconds)
        seconds = min(1.2 * seconds, 0.3)
        now = time.monotonic()
        if now - asked > 1:
            asked, last, before = now, before, signs()
            if before != last:
                changed = now
        if now - changed > quiet or now - began > END:
            words = what() if callable(what) else what
            raise AssertionError(
                f"{words}: nothing happened for {now - changed:.0f} of {now - began:.0f} s"
            )
    return found
