"""The clock of a mock's world: it starts at the epoch, runs at the speed of system time, can be frozen and moved."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

from specduet.specs import Schema, UsageError
from specduet.specs.statement import parse_duration

Micros = int
"""Whole microseconds since 1970, or a duration in microseconds: exact, ordered, and cheap to compare."""

TimeFormat = Literal["", "text", "date", "seconds", "fraction"]
"""The form in which a field holds a time.

``text``      ``2026-03-14T15:09:26.000000Z`` (RFC 3339)
``date``      ``2026-03-14``
``seconds``   whole seconds since 1970
``fraction``  seconds since 1970 as a float
empty         the field holds no time
"""

SECOND: Micros = 1_000_000
MINUTE: Micros = 60 * SECOND
HOUR: Micros = 60 * MINUTE
DAY: Micros = 24 * HOUR
NEVER: Micros = 1 << 80

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MIN_TIME = (datetime.min.replace(tzinfo=UTC) - _UNIX_EPOCH) // _MICROSECOND
_MAX_TIME = (datetime.max.replace(tzinfo=UTC) - _UNIX_EPOCH) // _MICROSECOND
_LIVE_TOLERANCE = MINUTE
_KNOWN_SECONDS = 256  # whose texts are kept: rows that are created in a burst have few


class Clock:
    """The time of a world, as an offset from system time or a frozen timestamp.

    ``epoch`` is the first time the clock shows, and ``origin`` the system time (seconds since 1970) at which it does.
    Without an ``origin``, an epoch within a minute of now means system time itself, so that several processes with the
    same epoch agree without talking to each other; any other epoch starts when the clock is made.
    """

    def __init__(self, epoch: datetime, origin: float | None = None) -> None:
        self.epoch = epoch.astimezone(UTC)
        self._epoch_micros = to_micros(epoch)
        system_time = _read_system_time()
        started_at = system_time if origin is None else round(origin * SECOND)
        is_live = origin is None and abs(system_time - self._epoch_micros) < _LIVE_TOLERANCE
        self._initial_offset = 0 if is_live else self._epoch_micros - started_at
        self._offset: Micros = self._initial_offset
        """This time minus system time, while the clock is not frozen."""
        self._frozen_at: Micros | None = None

    @property
    def is_frozen(self) -> bool:
        return self._frozen_at is not None

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return to_datetime(self.current_micros())

    def current_micros(self) -> Micros:
        """Return the current time in microseconds since 1970."""
        return _read_system_time() + self._offset if self._frozen_at is None else self._frozen_at

    def advance(self, seconds: float) -> None:
        """Move the clock forward, or back where ``seconds`` is negative; a frozen clock stays frozen.

        Raises ``UsageError`` where that leaves the years 1 to 9999.
        """
        step = _seconds_to_micros(seconds)
        _check_calendar_range(self.current_micros() + step)
        if self._frozen_at is None:
            self._offset += step
        else:
            self._frozen_at += step

    def freeze(self, timestamp: datetime | None = None) -> None:
        """Stop the clock, at a timestamp or at the current time."""
        self._frozen_at = self.current_micros() if timestamp is None else to_micros(timestamp)

    def resume(self) -> None:
        """Let a frozen clock run on from the time it shows."""
        if self._frozen_at is not None:
            self._offset = self._frozen_at - _read_system_time()
            self._frozen_at = None

    def reset(self) -> None:
        """Undo every freeze and advance."""
        self._offset = self._initial_offset
        self._frozen_at = None


def to_micros(timestamp: datetime) -> Micros:
    """Convert a datetime to microseconds since 1970; one without a time zone is taken for UTC."""
    return ((timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)) - _UNIX_EPOCH) // _MICROSECOND


def parse_micros(text: str) -> Micros:
    """Parse a duration of the vocabulary, such as ``-24h``, to microseconds."""
    return parse_duration(text) // _MICROSECOND


def to_datetime(timestamp: Micros) -> datetime:
    """Convert microseconds since 1970 to an aware datetime, clamped to the years 1 to 9999."""
    return _UNIX_EPOCH + timedelta(microseconds=min(max(timestamp, _MIN_TIME), _MAX_TIME))


def format_timestamp(timestamp: Micros) -> str:
    """Format a time by RFC 3339, in UTC and with all six decimals, so that text sorts as time does."""
    second, micros = divmod(min(max(timestamp, _MIN_TIME), _MAX_TIME), SECOND)
    return f"{_format_second(second)}.{micros:06}Z"


@lru_cache(maxsize=_KNOWN_SECONDS)
def _format_second(second: int) -> str:
    return to_datetime(second * SECOND).replace(tzinfo=None).isoformat(timespec="seconds")


def format_time(time_format: TimeFormat, timestamp: Micros) -> str | int | float:
    """Return a timestamp in the form that a field has for it."""
    match time_format:
        case "seconds":
            return timestamp // SECOND
        case "fraction":
            return timestamp / SECOND
        case "date":
            return format_timestamp(timestamp)[:10]
    return format_timestamp(timestamp)


def detect_time_format(resolved: Schema, shape: str | None, *, is_timestamp: bool) -> TimeFormat:
    """Return the form in which a field of this schema holds a time; empty where it holds none.

    ``is_timestamp`` says that the field is known to hold a time (a timeline names it), so that a plain number or string
    is taken for one.
    """
    kind = resolved.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    is_text, is_timestamp = kind is None or "string" in kinds, is_timestamp or resolved.get("format") == "date-time"
    if "date-time" in {shape, resolved.get("format")} and is_text:
        return "text"
    if resolved.get("format") == "date" and is_text:
        return "date"
    if is_timestamp and "integer" in kinds:
        return "seconds"
    if is_timestamp and "number" in kinds:
        return "fraction"
    return "text" if is_timestamp and "string" in kinds else ""


def _read_system_time() -> Micros:
    return time.time_ns() // 1_000


def _seconds_to_micros(seconds: float) -> Micros:
    try:
        return round(seconds * SECOND)
    except (OverflowError, ValueError) as error:
        raise UsageError(f"the clock cannot go {seconds} s forward") from error


def _check_calendar_range(timestamp: Micros) -> None:
    if not _MIN_TIME <= timestamp <= _MAX_TIME:
        raise UsageError("the clock stays within the years 1 to 9999")
