"""Random changes of images, for `fastnn.data.Augmented`."""

from fastnn.data.augment.color import Color, Noise, PCAColor
from fastnn.data.augment.crop import CenterCrop, Crop, Cutout, Flip
from fastnn.data.augment.mixup import Mixup
from fastnn.data.augment.transform import Transform
from fastnn.data.augment.warp import Affine, Elastic

__all__ = [
    "Affine",
    "CenterCrop",
    "Color",
    "Crop",
    "Cutout",
    "Elastic",
    "Flip",
    "Mixup",
    "Noise",
    "PCAColor",
    "Transform",
]
