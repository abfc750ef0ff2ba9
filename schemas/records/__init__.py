"""The records on the wire, one typed dictionary per Avro record.

A record is the plain dictionary that the codec reads and writes: no conversion stands between a
topic and the code that folds it. The Avro files in ``avsc/`` hold each field's meaning and unit; a
test keeps both in step. Every ``*_us`` is UTC microseconds, every box is in pixels of the captured
frame.
"""
