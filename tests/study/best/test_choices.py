"""The choices of preset `best`: shares add up, kernels are those asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsfref.study.best.choices import Choices


@given(*[st.floats(0, 1)] * 3)
def test_shares_add_up(changes, statistics, people):
    choices = Choices(changes=changes, statistics=statistics, people=people)
    for task in ("background", "foreground"):
        assert sum(choices.shares(task).values()) == pytest.approx(1)


def test_shares_by_hand():
    choices = Choices(changes=0.4, statistics=0.2, people=0.3)
    assert choices.shares("background") == pytest.approx(
        {"tracks": 0.48, "changes": 0.32, "statistics": 0.2}
    )
    assert choices.shares("foreground") == pytest.approx({"tracks": 0.7, "people": 0.3})


def test_kernels():
    choices = Choices(gamma=2.0, gamma_few=0.5, limit=3.0)
    assert choices.likeness() == ("gaussian", 2.0, 3.0)
    assert choices.likeness(few=True) == ("gaussian", 0.5, 3.0)
