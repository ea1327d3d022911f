"""Pictures: learning curves, samples, mistakes. matplotlib is needed for the pictures of samples."""

from fastnn.plot.curves import learning_curves, save_learning_curves
from fastnn.plot.images import misclassified, samples

__all__ = ["learning_curves", "misclassified", "samples", "save_learning_curves"]
