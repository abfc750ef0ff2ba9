"""The tracking core: one compiled call a frame over NumPy structured arrays.

`tables.py` says what a row of each table holds, `state.py` keeps what is remembered of one camera,
`step.py` folds a frame into it and gives a table of updates. The other files are one concept each:
`motion` (Kalman filter), `matching` (ByteTrack's association rounds), `similarity`, `assignment`,
`camera_motion`, `lifecycle`, `links`.
"""
