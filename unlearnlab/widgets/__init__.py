"""The labs: one per file, thin; what they compute is elsewhere."""
from .span_lab import SpanLab
from .sine_lab import SineLab
