"""What can the reader's console write? Not every one knows a check mark."""

import sys


def written(text: str) -> str:
    """The text, with plain signs in place of marks that standard output may not encode."""
    if str(sys.stdout.encoding).lower().startswith("utf"):
        return text
    return text.translate(str.maketrans("✓✗○→", "+xo>"))
