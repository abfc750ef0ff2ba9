"""A camera's password appears in no text, whatever the form of its URL."""

import pytest

from tests.faults.product import logged_address


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://viewer:Ward9secret@127.0.0.1:9/s",
        "rtsp://viewer:Ward#9secret@127.0.0.1:9/s",
        "rtsp://viewer:Ward?9secret@127.0.0.1:9/s",
        "rtsp://viewer:Ward/9secret@127.0.0.1:9/s",
        "rtsp://viewer:Ward[9secret@127.0.0.1:9/s",
        "rtsp://127.0.0.1:9/user=viewer_password=Ward9secret_channel=1_stream=0.sdp?real_stream",
    ],
)
def test_no_part_of_a_password_in_a_camera_url_is_logged(url: str) -> None:
    logged = logged_address(url)

    assert "Ward" not in logged
    assert "9secret" not in logged
    assert "127.0.0.1" in logged
