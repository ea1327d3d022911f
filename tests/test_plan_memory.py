"""Where what a training step computes lies."""

import numpy as np

import fastnn as fnn
from fastnn import nn
from laws import using


def arena_bytes(rows, threads):
    with using(threads=threads):
        layers = [nn.Conv2d(4, 3, padding=1, activation="tanh") for _ in range(8)]
        model = fnn.Model([*layers, nn.Flatten(), nn.Dense(3)], input_shape=(1, 8, 8))
        trainer = fnn.Trainer(model, "mse", fnn.optim.SGD(0.1))
        trainer.step(np.zeros((rows, 1, 8, 8), "f4"), np.zeros((rows, 3), "f4"))
        return trainer._objective.core.plan_info(rows)["arena_bytes"]


def test_gradients_share_room_where_one_thread_or_much_memory_is_used():
    """Of two threads each finds its part of a small step where it left it: nothing shares room."""
    one = arena_bytes(16, 1)
    assert arena_bytes(16, 2) > 1.5 * one
    assert arena_bytes(16, 3) == arena_bytes(16, 2)
    assert arena_bytes(1000, 2) == arena_bytes(1000, 1)
