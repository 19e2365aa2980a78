"""The labs: one per file, thin; what they compute is elsewhere."""
from .collapse_lab import CollapseLab
from .erasure_lab import ErasureLab
from .evidence_lab import EvidenceLab
from .linear_lab import LinearLab
from .linear_network_lab import LinearNetworkLab
from .span_lab import SpanLab
from .sine_lab import SineLab
from .width_lab import WidthLab
from .width_ladder_lab import WidthLadderLab
