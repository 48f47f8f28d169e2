"""Refuse what cannot work, a line for each reason, before anything is written.

cookiecutter renders this file and runs it in the new, empty folder; only the standard library is certain to be there.
"""

import json
import sys

# what stands in double braces is Python to a linter, and a literal once cookiecutter has rendered it
ANSWERS = json.loads({{cookiecutter | jsonify | quoted}})
DATA = {{cookiecutter.data | from_here | quoted}}
REGENERATING = {{"cruft" | regenerating}}
sys.path.insert(0, {{"." | template_path | quoted}})
sys.dont_write_bytecode = True  # the template's folder is the user's

from hooks.answers import Refused, check_data, check_folder, check_name  # noqa: E402
from lifecycle.ground.terminal import for_people  # noqa: E402


def refusals():
    """The reason of each check that does not hold."""
    checks = (
        (check_name, (ANSWERS["project_name"],)),
        (check_folder, (ANSWERS["project"],)),
        (check_data, (DATA, ANSWERS["target"])),
    )
    for check, given in () if REGENERATING else checks:
        try:
            check(*given)
        except Refused as reason:
            yield f"cannot generate: {reason}"


reasons = list(refusals())
# stderr: it writes any character, whatever the terminal's encoding
print(*reasons, sep="\n", end="\n" if reasons else "", file=for_people(sys.stderr))
sys.exit(1 if reasons else 0)
