"""A chart as a table of its categories and series, from what is cached in the chart itself: the workbook that
it may carry is not opened."""

from typing import Any, Final

POINTS_MAX: Final = 200


def chart_table(chart: Any) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Its title, and rows: the series' names above, then a category with its values each; none where it has
    no series."""
    title = (
        chart.chart_title.text_frame.text.strip()
        if chart.has_title and chart.chart_title.has_text_frame
        else ""
    )
    names: list[str] = []
    values: list[list[str]] = []
    categories: list[str] = []
    for plot in chart.plots:
        if not categories:
            categories = [str(category) for category in list(plot.categories)[:POINTS_MAX]]
        for series in plot.series:
            names.append(str(series.name or "") or f"series {len(names) + 1}")
            values.append([_shown(value) for value in list(series.values)[:POINTS_MAX]])
    if not names:
        return title, ()
    length = max([len(categories), *(len(each) for each in values)])
    rows = [("", *names)]
    for place in range(length):
        category = categories[place] if place < len(categories) else str(place + 1)
        rows.append((category, *(each[place] if place < len(each) else "" for each in values)))
    return title, tuple(rows)


_DIGITS: Final = ".15g"


def _shown(value: Any) -> str:
    return "" if value is None else format(value, _DIGITS) if isinstance(value, float) else str(value)
