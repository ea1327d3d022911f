"""Pictures: learning curves, samples, mistakes, and what a network sees; most need matplotlib."""

from fastnn.plot.comparison import comparison
from fastnn.plot.curves import learning_curves, save_learning_curves
from fastnn.plot.filters import filters
from fastnn.plot.heat import class_activation, saliency
from fastnn.plot.images import samples
from fastnn.plot.maps import feature_maps
from fastnn.plot.mistakes import misclassified

__all__ = [
    "class_activation", "comparison", "feature_maps", "filters", "learning_curves",
    "misclassified", "saliency", "samples", "save_learning_curves",
]  # fmt: skip
