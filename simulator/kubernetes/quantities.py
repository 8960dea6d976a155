"""Kubernetes quantities such as `32Mi`, `1.5Gi`, `100m`, `1e3`."""

import re
from decimal import ROUND_CEILING, Decimal

_FORM = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$")
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def parse(text: str | int | float) -> Decimal:
    """The exact value of a quantity. Raises ValueError for invalid text."""
    match = _FORM.match(str(text))
    if match is None:
        raise ValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        return number * Decimal(1024) ** (_BINARY.index(suffix) + 1)
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix])
    return number * Decimal(f"1{suffix}") if suffix else number


def to_bytes(text: str | int) -> int:
    """A quantity as a whole number, rounded up."""
    return int(parse(text).to_integral_value(ROUND_CEILING))


def binary(size: int) -> str:
    """`size` bytes as Kubernetes prints it: the largest binary unit without remainder, else plain digits."""
    suffix = ""
    for unit in _BINARY:
        if size == 0 or size % 1024:
            break
        size //= 1024
        suffix = unit
    return f"{size}{suffix}"


def canonical(text: str | int | float) -> str:
    """A quantity as the API server returns it: the largest unit of its own family without remainder."""
    written = str(text)
    value = parse(written)
    if value == value.to_integral_value():
        number = int(value)
        if written.endswith(_BINARY):
            return binary(number)
        suffix = ""
        for unit in ("k", "M", "G", "T", "P", "E"):
            if number == 0 or number % 1000:
                break
            number //= 1000
            suffix = unit
        return f"{number}{suffix}"
    thousandths = int((value * 1000).to_integral_value(ROUND_CEILING))
    return f"{thousandths}m" if thousandths % 1000 else canonical(thousandths // 1000)
