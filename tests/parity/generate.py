"""Write reference.json: what torch, optax, timm, transformers and ignite do in the cases of `cases/`.

The tests read only the file. To write it anew, in an environment of its own:

    pip install torch==2.13.0 optax==0.2.8 transformers==5.23.0
    pip install --no-deps timm==1.0.31 pytorch-ignite==0.5.5
    python tests/parity/generate.py
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the folder of the tests, as pytest has it
from parity.case import LENGTHS, modules
from parity.peers import Peers
from parity.series import metric_series


def main() -> None:
    peers, series = Peers(), metric_series()
    cases, rules = [], []
    for name, module in modules().items():
        if hasattr(module, "cases"):
            found = [case for total in LENGTHS for case in module.cases(peers, total)]
            cases += [{"schedule": name, **case} for case in found]
        if hasattr(module, "rules"):
            rules += [{"rule": name, **rule} for rule in module.rules(peers, series)]
    reference = {"versions": peers.versions(), "cases": cases, "series": series, "rules": rules}
    lines = json.dumps(reference, separators=(",", ":"))
    lines = lines.replace('{"schedule"', '\n{"schedule"').replace('{"rule"', '\n{"rule"')
    (Path(__file__).parent / "reference.json").write_text(lines + "\n")


if __name__ == "__main__":
    main()
