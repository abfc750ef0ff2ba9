"""What is registered, as the notifier needs it."""

from runtime.clock import Clock
from schemas.records.rules import ZoneAlert
from workers.notifier.delivery.wording import Scene
from workers.registry.view import RegistryView


class RegisteredWorld:
    """Answers by the facts in force now.

    Args:
        view: The facts.
        clock: Gives the time.
        board_url: Where messages lead to; empty for nowhere.
    """

    def __init__(self, view: RegistryView, clock: Clock, board_url: str) -> None:
        self._view = view
        self._clock = clock
        self._board_url = board_url

    @property
    def board_url(self) -> str:
        """Where messages lead to; empty for nowhere."""
        return self._board_url

    def is_in_pilot(self, floor_id: str, alert: ZoneAlert) -> bool:
        """Whether the zone of an alert, or a part of its floor, is in a unit of its rule's pilot.

        What is in no unit is in no pilot.
        """
        if alert["stage"] != "PILOT":
            return False
        kind, identity = ("zone", alert["zone_id"]) if alert["zone_id"] else ("floor", floor_id)
        units = self._view.unit_index(self._clock.now_us()).units_of(kind, identity) or ()
        return not frozenset(alert["pilot_unit_ids"]).isdisjoint(units)

    def scene(self, floor_id: str, alert: ZoneAlert) -> Scene:
        """What people call the parts of an alert; ids where nothing is registered."""
        now_us, zone_id = self._clock.now_us(), alert["zone_id"]
        zone = self._view.zones(now_us).get(zone_id)
        floor = self._view.floors(now_us).get(floor_id)
        return Scene(
            zone=(zone["name"] if zone is not None else "") or zone_id,
            floor=(floor["name"] if floor is not None else "") or floor_id,
            time_zone="" if floor is None else floor["time_zone"],
            link=self._board_url,
        )
