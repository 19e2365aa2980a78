"""Every plot of the course: data in, Figure out. One module per topic, one look in style.py."""
from . import collapse, erasure, interpolation, linear, linear_network, loss, metrics, minnorm, museum, relaxed, replication, shrinkage, style, two_layer, width
from .style import Figure, figure
from .sine import fits, peaks, residuals, spikes, table, tracks
