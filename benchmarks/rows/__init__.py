"""Every row of the table, in the order of the design's budgets."""

from benchmarks.rows.checkout import CHECKOUT
from benchmarks.rows.first_instruction import FIRST_INSTRUCTION
from benchmarks.rows.hooks import HOOKS
from benchmarks.rows.listing import LISTING
from benchmarks.rows.metric import METRIC
from benchmarks.rows.pack import PACK
from benchmarks.rows.record import RECORD
from benchmarks.rows.row import Row
from benchmarks.rows.run import RUN
from benchmarks.rows.sampling import SAMPLING
from benchmarks.rows.session import SESSION
from benchmarks.rows.startup import STARTUP

__all__ = ["ROWS", "Row"]

ROWS: tuple[Row, ...] = (
    *RUN,
    *FIRST_INSTRUCTION,
    *RECORD,
    *HOOKS,
    *LISTING,
    *PACK,
    *CHECKOUT,
    *METRIC,
    *SESSION,
    *SAMPLING,
    *STARTUP,
)
