"""What the tests of classification methods share."""

import pytest
from small_tasks import classification


@pytest.fixture(params=[1, 2], ids=["one head", "two heads"])
def task(request):
    return classification(heads=request.param, batch_size=None)
