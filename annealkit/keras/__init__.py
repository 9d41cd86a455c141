"""annealkit in any Keras program: its schedules and feedback rules in `model.fit`, and the rate that was applied.

Everything that is imported here needs Keras on TensorFlow; `import annealkit` alone does not import it. Import this
module before loading a model that was saved with a schedule from here.
"""

from annealkit.keras.feedback import Feedback
from annealkit.keras.learning_rate_logger import LearningRateLogger
from annealkit.keras.momentum import paired
from annealkit.keras.schedules import run, schedule
from annealkit.keras.table_schedule import TableSchedule
from annealkit.schedules.keras_schedule import KerasSchedule

__all__ = ["Feedback", "KerasSchedule", "LearningRateLogger", "TableSchedule", "paired", "run", "schedule"]
