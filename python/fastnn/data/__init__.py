"""Data sets, batches, and what else can feed a network."""

from fastnn.data import augment
from fastnn.data.augmented import Augmented
from fastnn.data.batches import Batches
from fastnn.data.dataset import Dataset
from fastnn.data.sources import as_batches

__all__ = ["Augmented", "Batches", "Dataset", "as_batches", "augment"]
