"""The records on the wire, one typed dictionary per Avro record.

A record is the plain dictionary that the codec reads and writes: nothing is converted between a
topic and the code that folds it. The Avro files in ``avsc/`` give each field's meaning and unit; a
test keeps them in step with these types. Every ``*_us`` time is in UTC microseconds, except
durations, and every box is in pixels of the captured frame.
"""
