"""Data sets, batches, and what else can feed a network."""

from fastnn.data.batches import Batches
from fastnn.data.dataset import Dataset
from fastnn.data.sources import as_batches

__all__ = ["Batches", "Dataset", "as_batches"]
