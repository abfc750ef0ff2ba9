"""Feeds whose source is the stream address that the registry keeps."""

from collections.abc import Sequence
from dataclasses import replace

from runtime.process.registry import keys_of
from runtime.process.service import Service
from workers.ingest.address_book import AddressBook
from workers.ingest.feed import REGISTERED, FeedConfig


def with_addresses(service: Service, feeds: Sequence[FeedConfig]) -> list[FeedConfig]:
    """Put the stream address that the registry keeps into each feed that has no source.

    Raises:
        Stop: A camera has none, or it cannot be opened with the keys given.
        Retry: The database is away, and the cache has none.
    """
    if all(feed.source != REGISTERED for feed in feeds):
        return list(feeds)
    # Slow to import, and most workers are given their sources.
    from workers.registry.editing.database import Database  # noqa: PLC0415
    from workers.registry.editing.sealed import ADDRESSES, SealedTexts  # noqa: PLC0415

    settings = service.settings
    with Database(settings.database_address, "wardstream-ingest") as database:
        keys = keys_of(settings.registry.address_key)
        book = AddressBook(SealedTexts(database, ADDRESSES, keys), settings.ingest.address_cache)
        return [
            replace(feed, source=book.address(feed.camera_id))
            if feed.source == REGISTERED
            else feed
            for feed in feeds
        ]
