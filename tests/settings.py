"""Blocks of params.yaml as the template delivers them, with changes."""

from pathlib import Path

from lifecycle.ground.params import BLOCKS, read_blocks

PARAMS = read_blocks(Path(__file__).parents[1] / "params.yaml")


def settings(block, **changes):
    return BLOCKS[block].read(PARAMS[block] | changes)
