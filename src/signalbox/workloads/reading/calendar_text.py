"""An invitation in a mail (iCalendar, RFC 5545) in a few lines of text. Pure."""

from typing import Final

_NAMES: Final = {
    "SUMMARY": "Invitation",
    "DTSTART": "Begins",
    "DTEND": "Ends",
    "LOCATION": "Place",
    "ORGANIZER": "Organizer",
    "STATUS": "Status",
    "DESCRIPTION": "Description",
}
_LINES_MAX: Final = 10_000
_EVENTS_MAX: Final = 50


def told_of(calendar: str) -> str:
    """Its events, one after the other."""
    unfolded = calendar.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
    events: list[list[str]] = []
    inside = False
    for line in unfolded.split("\n", _LINES_MAX)[:_LINES_MAX]:
        name, _, value = line.partition(":")
        key = name.partition(";")[0].upper()
        if key == "BEGIN" and value.strip().upper() == "VEVENT":
            events.append([])
            inside = True
        elif key in ("BEGIN", "END"):
            inside = False  # an alarm within has a description of its own
        elif inside and key in _NAMES and value.strip():
            said = value.strip().removeprefix("mailto:").removeprefix("MAILTO:")
            plain = said.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";")
            events[-1].append(f"{_NAMES[key]}: {_time(plain) if key.startswith('DT') else plain}")
    return "\n\n".join("\n".join(event) for event in events[:_EVENTS_MAX] if event)


def _time(said: str) -> str:
    """`20260131T090000Z` as ISO 8601 is read by people."""
    if len(said) < 8 or not said[:8].isdecimal():
        return said
    day = f"{said[:4]}-{said[4:6]}-{said[6:8]}"
    clock = said[9:]
    return f"{day} {clock[:2]}:{clock[2:4]}{' UTC' if said.endswith('Z') else ''}" if len(clock) >= 4 else day
