"""Fusion of a floor's overlapping cameras: one person, one track, from boxes and geometry alone.

People are upright ellipsoids. The cameras of a scan are taken one after another; in each, all
people and all boxes are assigned jointly, and the best assignments are kept as hypotheses, which
later cameras and later scans decide between. After the multi-scan multi-camera filter of Ong et
al. (2022, IEEE TPAMI 44(5), doi:10.1109/TPAMI.2020.3034435) in its model, and after Reid (1979) and
Murty (1968) in its search.
"""
