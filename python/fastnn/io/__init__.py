"""Files: models and checkpoints as safetensors, with the structure as JSON inside."""

from fastnn.io.save import load

__all__ = ["load"]
