"""Push the dashboards to a running Grafana: `python -m deploy.grafana.push --url URL`.

Provisioning from files does the same at Grafana's start; this is for a Grafana that somebody
else runs. The token comes from `GRAFANA_TOKEN`.
"""

import argparse
import os
import sys
from urllib.parse import urlsplit

from grafana_api.grafana_face import GrafanaFace

from deploy.grafana.build import dashboards
from runtime.redaction import redacted_url


def push(url: str, token: str) -> list[str]:
    """Create or replace every dashboard; returns their titles.

    Args:
        url: URL of Grafana, such as http://127.0.0.1:3000.
        token: Token of a service account that may edit dashboards.

    Raises:
        ValueError: The address is not http or https.
    """
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ValueError(f"{redacted_url(url)} is not an http address")
    prefix = address.path.strip("/")
    grafana = GrafanaFace(
        auth=token,
        host=address.hostname,
        port=address.port,
        url_path_prefix=f"{prefix}/" if prefix else "",
        protocol=address.scheme,
    )
    grafana.api.s.trust_env = False  # one of our own: see runtime/proxies.py
    done = []
    for model in dashboards().values():
        grafana.dashboard.update_dashboard(
            {"dashboard": model, "overwrite": True, "message": "wardstream"}
        )
        done.append(str(model["title"]))
    return done


def main() -> int:
    """Push; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:3000")
    options = parser.parse_args()
    token = os.environ.get("GRAFANA_TOKEN", "")
    if not token:
        print("set GRAFANA_TOKEN to a token that may edit dashboards", file=sys.stderr)
        return 78
    for title in push(options.url, token):
        print(f"{title}: pushed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
