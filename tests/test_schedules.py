"""Schedules: torch's rates where it has them, one call for many steps, JSON, errors."""

import json
import math
import warnings

import numpy as np
import pytest

from fastnn import optim, schedules
from fastnn.io.names import Names
from fastnn.io.settings import optimizer_from_json, optimizer_to_json
from fastnn.schedules import Constant, Cosine, Exponential, OneCycle, Schedule, Step, WarmUp

ALL = [
    Constant(0.1),
    Step(0.1, 7, 0.5),
    Exponential(0.1, 0.97),
    Cosine(0.1, 40, 0.001),
    WarmUp(Cosine(0.1, 30), 5),
    WarmUp(0.1, 5),
    WarmUp(WarmUp(Step(1.0, 10), 3), 4),
    OneCycle(0.1, 50),
    OneCycle(1.0, 37, pct_start=0.5, div_factor=10, final_div_factor=100.0),
    OneCycle(1.0, 2),
]


def torch_rates(make, lr, n):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about its own SequentialLR
        schedule = make(torch.optim.lr_scheduler, optimizer)
        rates = []
        for _ in range(n):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
    return np.array(rates)


@pytest.mark.parametrize(
    ("ours", "make", "n"),
    [
        (Step(0.1, 7, 0.5), lambda s, o: s.StepLR(o, 7, 0.5), 50),
        (Exponential(0.1, 0.97), lambda s, o: s.ExponentialLR(o, 0.97), 50),
        (Cosine(0.1, 40, 0.001), lambda s, o: s.CosineAnnealingLR(o, 40, 0.001), 41),
        (OneCycle(0.1, 50), lambda s, o: s.OneCycleLR(o, 0.1, total_steps=50), 50),
        (
            OneCycle(0.1, 37, pct_start=0.5, div_factor=10.0, final_div_factor=100.0),
            lambda s, o: s.OneCycleLR(
                o, 0.1, total_steps=37, pct_start=0.5, div_factor=10, final_div_factor=100
            ),
            37,
        ),
        (
            WarmUp(Constant(0.1), 4),
            lambda s, o: s.LinearLR(o, start_factor=0.2, total_iters=4),
            20,
        ),
    ],
)
def test_rates_are_torchs(ours, make, n):
    want = torch_rates(make, 0.1, n)
    np.testing.assert_allclose(ours(np.arange(n)), want, rtol=1e-10, atol=1e-14)


def test_warm_up_then_follows_the_schedule():
    inner = Cosine(0.4, 30)
    rates = WarmUp(inner, 3)(np.arange(40))
    np.testing.assert_allclose(rates[:3], [0.1, 0.2, 0.3])
    np.testing.assert_array_equal(rates[3:], inner(np.arange(37)))


def test_last_rate_is_kept():
    assert Cosine(1.0, 10, 0.25)(1000) == 0.25
    cycle = OneCycle(1.0, 10)
    assert cycle(1000) == cycle(9)
    assert cycle(9) == pytest.approx(1 / 25 / 1e4)


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_one_step_and_many_agree(schedule):
    steps = np.arange(60)
    many = schedule(steps)
    assert many.dtype == np.float64
    assert many.shape == (60,)
    assert [schedule(int(i)) for i in steps] == many.tolist()
    assert type(schedule(3)) is float
    assert schedule(np.int64(3)) == schedule(3)
    np.testing.assert_array_equal(schedule(steps.reshape(6, 10)), many.reshape(6, 10))
    assert all(math.isfinite(rate) and rate >= 0 for rate in many)


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_schedules_survive_json(schedule):
    saved = json.dumps(optimizer_to_json(optim.SGD(schedule), Names("here"), "here"))
    again = optimizer_from_json(json.loads(saved), {}).lr
    assert again == schedule
    assert hash(again) == hash(schedule)
    assert repr(again) == repr(schedule)
    np.testing.assert_array_equal(again(np.arange(60)), schedule(np.arange(60)))


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: Constant(0), ValueError, "Constant: lr must be a finite number > 0, got 0"),
        (lambda: Constant("a"), TypeError, "Constant: lr must be a finite number > 0, got 'a'"),
        (
            lambda: Step(0.1, 0),
            ValueError,
            "Step: step_size must be an integer >= 1, got 0",
        ),
        (
            lambda: Step(0.1, 1.5),
            TypeError,
            "Step: step_size must be an integer >= 1, got 1.5",
        ),
        (
            lambda: Step(0.1, 1, -1),
            ValueError,
            "Step: gamma must be a finite number > 0, got -1",
        ),
        (
            lambda: Exponential(0.1, math.inf),
            ValueError,
            "Exponential: gamma must be a finite number > 0, got inf",
        ),
        (
            lambda: Cosine(0.1, 10, -1.0),
            ValueError,
            "Cosine: min must be a finite number >= 0, got -1.0",
        ),
        (
            lambda: WarmUp(-1, 3),
            ValueError,
            "WarmUp: schedule must be a Schedule or a finite number > 0, got -1",
        ),
        (
            lambda: WarmUp("cosine", 3),
            TypeError,
            "WarmUp: schedule must be a Schedule or a finite number > 0, got 'cosine'",
        ),
        (
            lambda: WarmUp(0.1, 0),
            ValueError,
            "WarmUp: steps must be an integer >= 1, got 0",
        ),
        (
            lambda: OneCycle(0.1, 1),
            ValueError,
            "OneCycle: total must be an integer >= 2, got 1",
        ),
        (
            lambda: OneCycle(0.1, 10, 1.0),
            ValueError,
            "OneCycle: pct_start must be a number > 0 and < 1, got 1.0",
        ),
        (
            lambda: Constant(0.1)(-1),
            ValueError,
            "Constant: step must be an integer >= 0, got -1",
        ),
        (
            lambda: Constant(0.1)(0.5),
            TypeError,
            "Constant: step must be an integer >= 0, got 0.5",
        ),
        (
            lambda: optimizer_from_json({"class": "SGD", "lr": {"class": "Sine"}}, {}),
            ValueError,
            "Schedule: class must be one of Constant, Step, Exponential, Cosine, WarmUp, "
            "OneCycle, got 'Sine'",
        ),
    ],
)
def test_errors(make, kind, text):
    with pytest.raises(kind) as error:
        make()
    assert str(error.value) == text


def test_every_schedule_of_the_module_is_tested():
    made = {type(s) for s in ALL}
    assert made == {
        c
        for c in vars(schedules).values()
        if isinstance(c, type) and issubclass(c, Schedule) and c is not Schedule
    }


def test_a_schedule_of_ones_own_may_give_one_number():
    class Mine(Schedule):
        def rates(self, steps):
            return 0.25

    assert Mine()(3) == 0.25
    np.testing.assert_array_equal(Mine()(np.zeros((2, 3), int)), np.full((2, 3), 0.25))
