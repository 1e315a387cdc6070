"""Dataclasses of choices as text: read from the JSON of a model, and from NAME=VALUE.

Whatever is read is checked against what its field may be (`config.choice`).
"""

import dataclasses
from typing import Any, TypeVar

from lsfref.config import Config

Chosen = TypeVar("Chosen")


def from_json(kind: type[Chosen], values: Any) -> Chosen:
    """Return the dataclass of choices that a JSON object holds.

    Raises ValueError for unknown, missing or odd values.
    """
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if not isinstance(values, dict) or set(values) != set(fields):
        raise ValueError("its configuration has other fields than this version")
    return kind(**{name: _typed(fields[name], values[name]) for name in fields})


def _typed(field: Any, value: Any) -> Any:
    default = field.default
    if isinstance(default, tuple):
        if isinstance(value, (list, tuple)) and all(type(v) is int and v > 0 for v in value):
            return tuple(value)
    elif isinstance(default, str):
        if value in field.metadata["values"]:
            return value
    elif type(value) is type(default) or (type(default) is float and type(value) is int):
        if field.metadata["least"] <= value <= field.metadata["most"]:
            return type(default)(value)
    raise ValueError(f"{field.name} = {value!r} is not one of its values")


def parse_setting(text: str, *kinds: type) -> tuple[str, Any]:
    """Return (name, value) of NAME=VALUE, checked. Raises ValueError with what would be right.

    `kinds` are further dataclasses of choices beside Config.
    """
    name, equals, value = text.partition("=")
    fields = {f.name: f for kind in (Config, *kinds) for f in dataclasses.fields(kind)}
    if not equals or name not in fields:
        raise ValueError(f"want NAME=VALUE with one of {', '.join(fields)}; got {text!r}")
    field: Any = fields[name]
    try:
        if isinstance(field.default, tuple):
            return name, _typed(field, [int(v) for v in value.split(",") if v])
        return name, _typed(field, type(field.default)(value))
    except ValueError:
        wanted = " or ".join(field.metadata["values"]) or f"{field.default!r} or the like"
        raise ValueError(f"{name}: want {wanted}; got {value!r}") from None
