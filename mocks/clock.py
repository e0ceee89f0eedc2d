"""The time of a world: it begins at the epoch, runs as fast as ours, and can be frozen and moved."""

import re
import time
from datetime import UTC, datetime, timedelta

from specduet.specs import Schema, UsageError

Micros = int
"""A moment as whole microseconds since 1970, or a span of them: exact, ordered, and cheap to compare."""

SECOND: Micros = 1_000_000
MINUTE: Micros = 60 * SECOND
HOUR: Micros = 60 * MINUTE
DAY: Micros = 24 * HOUR
NEVER: Micros = 1 << 80

_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _ZERO) // _MICROSECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _ZERO) // _MICROSECOND
_CLOSE = MINUTE


class Clock:
    """``epoch`` is the world's first moment; ``origin``, seconds since 1970, is when it was that moment in our time.

    Without an ``origin`` an epoch within a minute of now is our time itself, so that several processes that share it
    agree without a word; any other epoch begins when the clock is made.
    """

    def __init__(self, epoch: datetime, origin: float | None = None) -> None:
        self.epoch = epoch.astimezone(UTC)
        self._epoch = to_micros(epoch)
        ours = _ours()
        begun = ours if origin is None else round(origin * SECOND)
        self._unmoved = 0 if origin is None and abs(ours - self._epoch) < _CLOSE else self._epoch - begun
        self._ahead: Micros = self._unmoved
        """How far this time is ahead of ours, while it is not frozen."""
        self._frozen: Micros | None = None

    @property
    def is_frozen(self) -> bool:
        return self._frozen is not None

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return to_datetime(self.current_micros())

    def current_micros(self) -> Micros:
        """The present moment in microseconds since 1970."""
        return _ours() + self._ahead if self._frozen is None else self._frozen

    def advance(self, seconds: float) -> None:
        """Go forward, or back where ``seconds`` is negative; a frozen clock stays frozen at the new moment.

        Raises ``UsageError`` where that leaves the years 1 to 9999.
        """
        step = _step(seconds)
        _inside(self.current_micros() + step)
        if self._frozen is None:
            self._ahead += step
        else:
            self._frozen += step

    def freeze(self, at: datetime | None = None) -> None:
        """Stand still, at a moment or now."""
        self._frozen = self.current_micros() if at is None else to_micros(at)

    def resume(self) -> None:
        """Run on from the moment at which the clock stands."""
        if self._frozen is not None:
            self._ahead = self._frozen - _ours()
            self._frozen = None

    def reset(self) -> None:
        """Forget every freeze and advance."""
        self._ahead = self._unmoved
        self._frozen = None


def to_micros(at: datetime) -> Micros:
    """An aware datetime in microseconds since 1970; a naive one is taken for UTC."""
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _ZERO) // _MICROSECOND


def to_datetime(at: Micros) -> datetime:
    """The aware datetime of a number of microseconds, held within the years 1 to 9999."""
    return _ZERO + timedelta(microseconds=min(max(at, _FIRST), _LAST))


def format_timestamp(at: Micros) -> str:
    """RFC 3339 in UTC with all six decimals, so that text sorts as time does."""
    return f"{to_datetime(at).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def detect_time_format(resolved: Schema, shape: str | None, *, timed: bool) -> str:
    """How a field spells a moment; empty where it holds none, or none is known to be meant (``timed``)."""
    kind = resolved.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "date-time" in {shape, resolved.get("format")}:
        return "text"
    if resolved.get("format") == "date":
        return "date"
    if timed and "integer" in kinds:
        return "seconds"
    if timed and "number" in kinds:
        return "fraction"
    return "text" if timed and "string" in kinds else ""


def format_time(spelling: str, at: Micros) -> str | int | float:
    """A moment as a field spells it."""
    match spelling:
        case "seconds":
            return at // SECOND
        case "fraction":
            return at / SECOND
        case "date":
            return format_timestamp(at)[:10]
    return format_timestamp(at)


def _ours() -> Micros:
    return time.time_ns() // 1_000


def _step(seconds: float) -> Micros:
    try:
        return round(seconds * SECOND)
    except (OverflowError, ValueError) as error:
        raise UsageError(f"the clock cannot go {seconds} s forward") from error


def _inside(at: Micros) -> None:
    if not _FIRST <= at <= _LAST:
        raise UsageError("the clock stays within the years 1 to 9999")


_UNITS: dict[str, Micros] = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}


def parse_duration(text: str) -> Micros:
    """A duration such as ``-24h``: a whole number of s, m, h, d or w. Raises ``UsageError`` for any other text."""
    found = re.fullmatch(r"([+-]?\d{1,9})([smhdw])", text)
    if found is None:
        raise UsageError(f"{text!r} is no duration", remedy="A duration is a whole number and s, m, h, d or w: -24h.")
    return int(found[1]) * _UNITS[found[2]]
