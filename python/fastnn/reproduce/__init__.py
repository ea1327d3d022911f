"""What lectures and books print, computed by the library and compared: one file per system."""

from fastnn.reproduce import lectures, nielsen
from fastnn.reproduce.report import Options, Report, System

__all__ = ["SYSTEMS", "Options", "Report", "System"]

SYSTEMS: tuple[System, ...] = (lectures.SYSTEM, nielsen.SYSTEM)
