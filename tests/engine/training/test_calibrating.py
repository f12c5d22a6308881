"""Calibration: a head that is too sure becomes right about how sure it may be, and ranks as before."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from engine.lab.calibration import area_under_curve, expected_error
from engine.training.calibrating import calibrate


class Head(nn.Module):
    """States of four numbers, judged by a two-label head."""

    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Linear(4, 2)

    @torch.no_grad()
    def estimates(self, states: torch.Tensor) -> list[float]:
        return torch.softmax(self.score(states).double(), -1)[:, 1].tolist()


def test_too_sure_a_head_is_calibrated_on_new_states_and_ranks_as_before() -> None:
    torch.manual_seed(3)
    head, states = Head(), 6 * torch.randn(6000, 4)
    with torch.no_grad():
        odds = head.score(states) @ torch.tensor([-1.0, 1.0])
    truths = (torch.rand(6000) < torch.sigmoid(0.4 * odds - 0.7)).tolist()
    before = head.estimates(states)
    scale, shift = calibrate(head, before[:3000], truths[:3000])
    after = head.estimates(states)
    assert scale == pytest.approx(0.4, abs=0.05) and shift == pytest.approx(-0.7, abs=0.15)
    assert expected_error(before[3000:], truths[3000:]) > 0.05
    assert expected_error(after[3000:], truths[3000:]) < 0.03
    assert area_under_curve(after, truths) == pytest.approx(area_under_curve(before, truths), abs=1e-5)


def test_a_head_that_is_mostly_wrong_is_made_unsure_and_not_turned_around() -> None:
    estimates, truths = [0.9, 0.8, 0.2, 0.1, 0.6], [False, False, True, True, True]
    scale, _ = calibrate(Head(), estimates, truths)
    assert 0 <= scale < 0.2


def test_estimates_of_exactly_zero_and_one_are_taken() -> None:
    scale, shift = calibrate(Head(), [0.0, 1.0, 0.2, 0.8, 1.0], [False, True, False, True, False])
    assert scale > 0 and math.isfinite(shift)
