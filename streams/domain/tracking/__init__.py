"""The tracking core: one compiled call a frame over flat arrays.

`state.py` holds what is remembered of one camera, `step.py` folds a frame into it and gives a
table of tracks; `columns.py` names the columns of both. The other files are one concept each.
"""
