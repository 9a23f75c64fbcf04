"""Charts drawn on the server as inline SVG, each with the table of its numbers.

Pure functions from plain data to ``Markup``: no script is needed, no style attribute is written, and colours come
from the classes in ``static/charts.css``.

Uses lists.
"""

from __future__ import annotations

from dashboards.charts.axis import PeriodLabel, period_labels
from dashboards.charts.bars import Reason, grouped_bars
from dashboards.charts.columns import VolumePoint, columns
from dashboards.charts.funnel import FunnelPart, FunnelStep, funnel
from dashboards.charts.heat import HeatCell, heat_map
from dashboards.charts.histogram import Bucket, histogram
from dashboards.charts.line import BandPoint, line_with_band
from dashboards.charts.sparkline import sparkline

__all__ = [
    "BandPoint",
    "Bucket",
    "FunnelPart",
    "FunnelStep",
    "HeatCell",
    "PeriodLabel",
    "Reason",
    "VolumePoint",
    "columns",
    "funnel",
    "grouped_bars",
    "heat_map",
    "histogram",
    "line_with_band",
    "period_labels",
    "sparkline",
]
