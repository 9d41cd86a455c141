"""Parts that hand back what they should not, one for each kind of fault: a body, and the words that refuse it."""

from typing import NamedTuple

HEAD = """
from dataclasses import dataclass
import numpy as np
from annealkit import Dataset, Images, KerasOptimizer, hookimpl
"""

DATA = """
@dataclass
class Faulty(Dataset):
    validation: int = 0

    def train_size(self):
        {size}

    def load(self):
        def features(n, kind=np.float32, shape=(3,)):
            return np.random.default_rng(0).random((n, *shape)).astype(kind)
        def labels(n, kind=np.int32):
            return (np.arange(n) % 3).astype(kind)
        values = dict(
            name="faulty", train_images=features(1000), train_labels=labels(1000), test_images=features(50),
            test_labels=labels(50), class_names=["a", "b", "c"],
        )
        {load}
        return Images(**values)
"""

MODEL = """
class Counted:
    pass

@dataclass
class Faulty:
    def build(self, input_shape, classes):
        import keras
        def head(units=classes, activation="softmax", **options):
            return keras.layers.Dense(units, activation=activation, **options)
        inputs = keras.Input(input_shape)
        {body}
"""

OPTIMIZER = """
@dataclass
class Faulty:
    {fields}

    def build(self, learning_rate):
        import keras
        class Own(keras.optimizers.SGD):
            def update_step(self, gradient, variable, learning_rate):
                {step}
        {body}
"""

FEEDBACK = """
@dataclass
class Faulty:
    def begin(self):
        {begin}

    def observe(self, state, metrics):
        {observe}
"""


class Fault(NamedTuple):
    """A part of a kind, and what is said of it."""

    group: str
    code: str
    said: str


def size(body: str, said: str) -> Fault:
    return Fault("data", DATA.format(size=body, load="pass"), said)


def load(body: str, said: str) -> Fault:
    return Fault("data", DATA.format(size="return 1000", load=body), said)


def model(body: str, said: str) -> Fault:
    return Fault("model", MODEL.format(body=body), said)


def optimizer(body: str, said: str, fields: str = "lr: float = 0.1", step: str = "pass") -> Fault:
    return Fault("optimizer", OPTIMIZER.format(fields=fields, step=step, body=body), said)


def rule(begin: str, observe: str, said: str) -> Fault:
    return Fault("feedback", FEEDBACK.format(begin=begin, observe=observe), said)


def begins(begin: str, said: str) -> Fault:
    return rule(begin, "return state", said)


def observes(observe: str, said: str) -> Fault:
    return rule("return {'scale': 1.0}", observe, said)


SEQUENTIAL = "return keras.Sequential([inputs, {}])"
WITH = "values.update({})"
FAULTS = {
    # --- data sets ---
    "size_none": size("pass", "train_size() returned None"),
    "size_text": size("return '1000'", "train_size() returned '1000'"),
    "size_float": size("return 1000.0", "train_size() returned 1000.0"),
    "size_true": size("return True", "train_size() returned True"),
    "size_zero": size("return 0", "train_size() returned 0"),
    "size_negative": size("return -1000", "train_size() returned -1000"),
    "size_array": size("return np.array([1000])", "train_size() returned array([1000])"),
    "size_raises": size("return {}['images']", "KeyError: 'images'"),
    "size_leaves": size("raise SystemExit(0)", "SystemExit: 0"),
    "load_none": load("return None", "load() returned NoneType"),
    "load_tuple": load("return features(9), labels(9)", "load() returned tuple"),
    "load_dictionary": load("return values", "load() returned dict"),
    "load_raises": load("np.load('nowhere.npz')", "FileNotFoundError: "),
    "load_interrupts": load("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "load_images_list": load(WITH.format("train_images=[[1.0]]"), "train_images is list"),
    "load_images_none": load(WITH.format("test_images=None"), "test_images is NoneType"),
    "load_images_double": load(WITH.format("train_images=features(1000, float)"), "train_images are float64"),
    "load_images_objects": load(WITH.format("train_images=features(1000, object)"), "train_images are object"),
    "load_images_flat": load(WITH.format("train_images=features(1000, shape=())"), "float32 of shape (1000,)"),
    "load_images_nan": load("values['train_images'][3] = np.nan", "train_images have values that are not finite"),
    "load_images_inf": load("values['test_images'][3] = np.inf", "test_images have values that are not finite"),
    "load_images_empty": load(
        WITH.format("test_images=features(0), test_labels=labels(0)"), "test_images are none"
    ),
    "load_images_nothing": load(WITH.format("train_images=features(1000, shape=(0,))"), "images are empty, of shape"),
    "load_shape": load(WITH.format("test_images=features(50, shape=(4,))"), "(3,) each and test_images (4,)"),
    "load_types": load(
        WITH.format("train_images=features(1000, np.uint8)"), "train_images are uint8 and test_images float32"
    ),
    "load_labels_list": load(WITH.format("train_labels=[0] * 1000"), "train_labels is list"),
    "load_labels_long": load(WITH.format("train_labels=labels(1000, np.int64)"), "train_labels are int64"),
    "load_labels_one_hot": load(
        WITH.format("train_labels=np.zeros((1000, 3), np.int32)"), "train_labels are int32 of shape (1000, 3)"
    ),
    "load_labels_few": load(WITH.format("train_labels=labels(999)"), "shape (999,), for 1000 images"),
    "load_labels_high": load("values['train_labels'] += 1", "train_labels go from 1 to 3, for 3 class names"),
    "load_labels_negative": load("values['test_labels'] -= 1", "test_labels go from -1 to 1"),
    "load_names_none": load(WITH.format("class_names=None"), "class_names is None"),
    "load_names_number": load(WITH.format("class_names=3"), "class_names is 3"),
    "load_names_text": load(WITH.format("class_names='abc'"), "class_names is 'abc'"),
    "load_names_empty": load(WITH.format("class_names=[]"), "class_names is []"),
    # --- models ---
    "model_none": model("pass", "build returned NoneType"),
    "model_layer": model("return head()", "build returned Dense"),
    "model_raises": model("return [][classes]", "IndexError: list index out of range"),
    "model_leaves": model("raise SystemExit('gone')", "SystemExit: gone"),
    "model_logits": model(SEQUENTIAL.format("head(activation=None)"), "expected probabilities that add up to 1"),
    "model_sigmoid": model(SEQUENTIAL.format("head(activation='sigmoid')"), "expected probabilities that add up to 1"),
    "model_nan": model(
        SEQUENTIAL.format("head(), keras.layers.Rescaling(float('nan'))"), "expected probabilities that add up to 1"
    ),
    "model_more_classes": model(SEQUENTIAL.format("head(classes + 1)"), "output shape (None, 4)"),
    "model_fewer_classes": model(SEQUENTIAL.format("head(classes - 1)"), "output shape (None, 2)"),
    "model_rank": model(SEQUENTIAL.format("head(), keras.layers.Reshape((classes, 1))"), "output shape (None, 3, 1)"),
    "model_two_outputs": model("return keras.Model(inputs, [head()(inputs), head()(inputs)])", "gives list for inputs"),
    "model_named_outputs": model("return keras.Model(inputs, {'head': head()(inputs)})", "gives dict for inputs"),
    "model_two_inputs": model(
        "other = keras.Input(input_shape); return keras.Model([inputs, other], head()(inputs + other))",
        "it takes 2 inputs of shapes",
    ),
    "model_other_inputs": model(
        "return keras.Sequential([keras.Input((4,)), head()])",
        "built for inputs of shape (3,) it takes inputs of shape (4,)",
    ),
    "model_frozen": model("m = keras.Sequential([inputs, head(trainable=False)]); return m", "no trainable weight"),
    "model_weightless": model(SEQUENTIAL.format("keras.layers.Softmax()"), "it has no trainable weight"),
    "model_not_savable": model(
        "class Own(keras.Model):\n"
        "            def __init__(self, layer):\n"
        "                super().__init__()\n"
        "                self.layer = layer\n"
        "            def call(self, x):\n"
        "                return self.layer(x)\n"
        "        return Own(head())",
        "Own cannot be rebuilt from its configuration",
    ),
    # --- optimizers ---
    "optimizer_none": optimizer("pass", "build returned NoneType"),
    "optimizer_function": optimizer("return print", "build returned builtin_function_or_method"),
    "optimizer_raises": optimizer("return 1 / 0", "ZeroDivisionError: division by zero"),
    "optimizer_no_lr": optimizer("return Own(learning_rate)", "its field lr is None", fields="momentum: float = 0.9"),
    "optimizer_lr_none": optimizer("return Own(0.1)", "its field lr is None", fields="lr: float | None = None"),
    "optimizer_lr_text": optimizer("return Own(0.1)", "its field lr is '0.1'", fields="lr: str = '0.1'"),
    "optimizer_lr_negative": optimizer("return Own(0.1)", "its field lr is -0.1", fields="lr: float = -0.1"),
    "optimizer_lr_nan": optimizer("return Own(0.1)", "its field lr is nan", fields="lr: float = float('nan')"),
    "optimizer_batches": optimizer(
        "return Own(0.1)",
        "its field gradient_accumulation_steps is 0",
        fields="lr: float = 0.1\n    gradient_accumulation_steps: int = 0",
    ),
    "optimizer_own_rate": optimizer(
        "return Own(0.5)", "built with a learning rate of 0.1 the optimizer has 0.5, at update 0"
    ),
    "optimizer_no_curve": optimizer(
        "return Own(self.lr)", "the optimizer has 0.1, at update 59"
    ),
    "optimizer_accumulates": optimizer(
        "return Own(learning_rate, gradient_accumulation_steps=4)", "accumulates 4 gradients itself"
    ),
    "optimizer_step_raises": optimizer(
        "return Own(learning_rate)", "no step today", step="raise ValueError('no step today')"
    ),
    "optimizer_step_leaves": optimizer(
        "return Own(learning_rate)", "SystemExit: gone", step="raise SystemExit('gone')"
    ),
    "optimizer_step_misspelt": optimizer(
        "return Own(learning_rate)", "has no attribute", step="variable.assing_sub(gradient)"
    ),
    # --- feedback ---
    "begin_raises": begins("return {}['scale']", "KeyError: 'scale'"),
    "begin_leaves": begins("raise SystemExit(1)", "SystemExit: 1"),
    "begin_none": begins("pass", "begin() returned None"),
    "begin_list": begins("return [1.0]", "begin() returned [1.0]"),
    "begin_empty": begins("return {}", "begin() returned {}"),
    "begin_double": begins("return {'scale': 2.0}", "begin() returned {'scale': 2.0}"),
    "begin_text": begins("return {'scale': '1.0'}", "a scale of '1.0'"),
    "begin_true": begins("return {'scale': True}", "a scale of True"),
    "begin_set": begins("return {'scale': 1.0, 'seen': set()}", "state['seen'], which is of type set"),
    "begin_numpy": begins(
        "return {'scale': 1.0, 'best': np.float32(1)}", "state['best'], which is of type float32"
    ),
    "begin_array": begins("return {'scale': 1.0, 'a': [np.zeros(2)]}", "state['a'][0], which is of type ndarray"),
    "begin_keys": begins("return {'scale': 1.0, 'a': {1: 2}}", "with the key 1, which is no text"),
    "observe_raises": observes("return {'scale': 1 / 0}", "ZeroDivisionError: division by zero"),
    "observe_none": observes("pass", "observe() returned None"),
    "observe_forgets": observes("return {'best': 1.0}", "observe() returned {'best': 1.0}"),
    "observe_negative": observes("return {'scale': -1.0}", "a scale of -1.0"),
    "observe_nan": observes("return {'scale': float('nan')}", "a scale of nan"),
    "observe_infinite": observes("return {'scale': float('inf')}", "a scale of inf"),
    "observe_numpy": observes("return {'scale': np.float32(0.5)}", "expected a finite number above 0"),
    "observe_object": observes("return {**state, 'me': self}", "state['me'], which is of type Faulty"),
    "observe_interrupts": observes("raise KeyboardInterrupt", "KeyboardInterrupt"),
}  # fmt: skip

HOOKS = {"data": "datasets", "model": "models", "optimizer": "optimizers", "feedback": "feedback"}


def module_of(name: str) -> str:
    """The module of a plugin with that faulty part."""
    fault = FAULTS[name]
    hook = f"\n@hookimpl\ndef annealkit_{HOOKS[fault.group]}():\n    return {{{name!r}: Faulty}}\n"
    return HEAD + fault.code + hook
