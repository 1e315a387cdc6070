"""What can be wrong with what a user hands in. Messages name the file, the fault, the cure."""

from typing import NamedTuple


class Notice(NamedTuple):
    """A warning: of kind "video", which --strict makes an error, or "machine"."""

    kind: str
    text: str


class LsfrefError(ValueError):
    """Bad input: caught at the command line and told in one sentence."""


class UsageError(LsfrefError):
    """A flag whose value is no good."""


class VideoError(LsfrefError):
    """A file that cannot be read as a video."""


class NoTrajectoriesError(LsfrefError):
    """A video without any valid trajectory (D1): nothing to classify."""


class LabelsError(LsfrefError):
    """A label list that cannot be used; the message gives the line."""


class ModelError(LsfrefError):
    """A model file that cannot be used."""


class WriteError(LsfrefError, OSError):
    """A file that cannot be written: no room, no permission, no such folder."""
