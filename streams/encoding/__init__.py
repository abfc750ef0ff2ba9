"""The stage's hot records between bytes and arrays, in compiled code.

fastavro builds a dictionary of each box and track on the way; at the rates of this stage that
costs more than tracking them. `outcomes.py` reads detections, `tracks.py` and `presences.py`
write: each says which columns it wants or has, and `reading.py` and `writing.py` make a function of
that and of the topic's schema. All other records, and whatever is not written exactly as expected,
take the general way of `schemas.codec`. Tests hold each of them to fastavro's bytes.
"""
