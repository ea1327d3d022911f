"""The worked examples to more digits than printed; a wrong figure does not pass."""

from __future__ import annotations

import pytest

import fastnn as fnn
from fastnn.reproduce import Options, lectures
from fastnn.reproduce.lectures import comparison, two_two_one, two_two_two


@pytest.fixture(scope="module")
def report():
    return lectures.run(Options())


@pytest.fixture(scope="module")
def ours(report):
    return {row["quantity"]: row["ours"] for row in report.rows}


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        ("2-2-2: E_total", 0.277404),
        ("2-2-2: E after 1 step", 0.265370),
        ("2-2-2: E after 10000 steps", 6.361e-05),
        ("2-2-2: out_o1 after 10000 steps", 0.00793),
        ("2-2-2: out_o2 after 10000 steps", 0.99198),
        ("2-2-2: w1 after 1 step", 0.099953),
        ("2-2-1: z3", 0.755),
        ("2-2-1: z4", 0.68),
        ("2-2-1: y3", 0.6803),
        ("2-2-1: y4", 0.6637),
        ("2-2-1: z5", 0.8014),
        ("2-2-1: y5", 0.6903),
        ("2-2-1: C", 0.01810),
        ("2-2-1: dC/dw53", 0.02767),
        ("2-2-1: dC/dw54", 0.02700),
        ("2-2-1: w31 after 1 step", 0.09907),
        ("2-2-1: w32 after 1 step", 0.79761),
        ("2-2-1: w41 after 1 step", 0.39714),
        ("2-2-1: w42 after 1 step", 0.59265),
        ("2-2-1: w53 after 1 step", 0.27233),
        ("2-2-1: w54 after 1 step", 0.87300),
        ("2-2-1: C after 1 step", 0.016565),
        ("2-2-1: C after 100 steps", 2.918e-07),
        ("convolution: y11, narrow (P = 0)", 0.0),
        ("convolution: y12, narrow (P = 0)", -2.0),
        ("convolution: y23, narrow (P = 0)", 4.0),
        ("convolution: y31, narrow (P = 0)", -1.0),
        ("e = (a + b)(b + 1): de/da", 2.0),
        ("e = (a + b)(b + 1): de/db, over both paths", 5.0),
        ("sigmoid: sigmoid(1)", 0.73106),
        ("sigmoid: sigmoid(10)", 0.99995),
        ("sigmoid: sigmoid(2)", 0.88080),
    ],
)
def test_figures_checked_by_calculation(ours, quantity, value):
    digits = len(f"{value:.10g}".rpartition(".")[2].partition("e")[0])
    if value < 1e-4:
        assert ours[quantity] == pytest.approx(value, rel=1e-3)
    else:
        assert ours[quantity] == pytest.approx(value, abs=1.01 * 10.0**-digits)


def test_every_difference_has_a_reason(report):
    assert report.passed
    for row in report.rows:
        assert row["result"] in ("ok", "rounded", "slip")
        assert row["why"] or row["result"] == "ok"
    slips = [row["quantity"] for row in report.rows if row["result"] == "slip"]
    assert len(slips) == 16 and sum("after 100 steps" in name for name in slips) == 7


def test_a_figure_that_is_not_met_falls_short():
    table = comparison.Comparison()
    table.value("right", "0.5", 0.5)
    assert table.report.passed
    table.value("wrong", "0.5", 0.61)
    table.value("wrong, rounded too", "0.5", 0.61, 0.62, "why")
    table.slip("a slip whose reason fails", "0.5", 0.61, False, "why")
    table.law("unequal", [1.0], [1.0 + 1e-12])
    assert [row["result"] for row in table.report.rows] == ["ok", *["short"] * 4]


def test_a_wrong_network_falls_short(monkeypatch):
    def other():
        layers = [fnn.nn.Dense(2, "sigmoid", False, 0.5), fnn.nn.Dense(1, "sigmoid", False, 0.5)]
        return fnn.Model(layers, input_shape=(2,), dtype="float64")

    monkeypatch.setattr(two_two_one, "two_two_one", other)
    table = comparison.Comparison()
    two_two_one.compare(table)
    assert not table.report.passed


def test_the_biases_of_the_example_are_not_updated():
    model = two_two_two.two_two_two()
    trainer = fnn.Trainer(model, "quadratic", fnn.optim.SGD(0.5))
    trainer.step([[0.02, 0.7]], [[0.0, 1.0]])
    assert model.parameters["net_h.bias"].tolist() == [0.3, 0.3]
    assert model.parameters["net_o.bias"].tolist() == [0.2, 0.2]
    assert model.parameters["w_h.weight"][0, 0] == pytest.approx(0.0999533, abs=1e-7)
