"""An RTSP server that plays a clip in real time: `rtsp_program.py CLIP PORT`.

It runs in the Python that `deploy.local.rtsp` unpacks with GStreamer, not in the project's own. All
viewers see the same picture at the same time, as with a camera; the first viewer after a pause
starts the clip again. RTCP sender reports carry this machine's clock.
"""

import sys

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")

from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found]  # noqa: E402

PATH = "/ward"


def serve(clip: str, port: str) -> None:
    """Serve for ever."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f'( filesrc location="{clip}" ! qtdemux ! rtph264pay name=pay0 pt=96 config-interval=-1 )'
    )
    factory.set_shared(True)
    server.get_mount_points().add_factory(PATH, factory)
    if server.attach(None) == 0:
        sys.exit(f"port {port} is taken")
    GLib.MainLoop().run()


if __name__ == "__main__":
    serve(*sys.argv[1:3])
