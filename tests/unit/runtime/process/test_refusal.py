"""A wrong setting is refused in one sentence: its name, its value, and what is right."""

import os
import sys
from pathlib import Path

import pytest

from deploy.services import HOST_PORTS
from runtime.errors import EXIT_STOP, Stop
from runtime.process.load import load_settings
from runtime.process.names import NO_SETTINGS, from_kubernetes
from runtime.process.settings import describe

SECRET = "Ward9secret"
ENCODE = "percent-encode it"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings but those of the test."""
    for name in list(os.environ):
        if name.startswith("WARDSTREAM_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def refusal() -> list[str]:
    """The messages of the refusal; none when the settings are taken."""
    try:
        load_settings()
    except Stop as error:
        stopped = error
    else:
        return []
    assert stopped.exit_code == EXIT_STOP
    assert "Ward" not in str(stopped)
    return str(stopped).splitlines()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("INGEST_FPS", "5", "is no setting: did you mean WARDSTREAM_INGEST__FPS?"),
        ("REDIS_PREFX", "x", "is no setting: did you mean WARDSTREAM_REDIS_PREFIX?"),
        ("INGEST__FPSS", "5", "is no setting: did you mean WARDSTREAM_INGEST__FPS?"),
        ("SERVING_PORT", "8080", "is no setting: did you mean WARDSTREAM_SERVING__PORT?"),
        ("TRACKING__NOISE_SIZE", "1", "did you mean WARDSTREAM_TRACKING__NOISE__SIZE?"),
        ("SECURITY__KAFKA_PASSWORD", SECRET, "did you mean WARDSTREAM_SECURITY__KAFKA__PASSWORD?"),
        ("REDIS_URL_FIL", "x", "did you mean WARDSTREAM_REDIS_URL_FILE?"),
        ("LOG_FORMAT_FILE", "x", "is no setting"),
        ("CACH", "/c", "did you mean WARDSTREAM_CACHE?"),
        ("PORT", "8080", "is no setting"),
        ("FROBNICATE", "1", "is no setting: `wardstream settings` lists them all"),
        ("INGEST__FPS", "abc", "is 'abc': give a number above 0 and at most 60 (frames/s)"),
        ("INGEST__FPS", "", "is empty: give a number above 0 and at most 60 (frames/s)"),
        ("INGEST__FPS", "61", "is '61': give a number above 0 and at most 60"),
        ("INGEST__FPS", "nan", "is 'nan': give a number above 0"),
        ("INGEST__HEARTBEAT_S", "inf", "is 'inf': give a number above 0 (s)"),
        ("INGEST__HEARTBEAT_S", "5s", "is '5s': give a number above 0 (s)"),
        ("INGEST__RECONNECT_MAX_S", "-1", "is '-1': give a number above 0 (s)"),
        ("INFERENCE__SCORE_THRESHOLD", "10", "is '10': give a number at least 0 and at most 1"),
        ("STREAM__BATCH_MAX", "8.5", "is '8.5': give a whole number at least 1"),
        ("METRICS_PORT", "99999", "is '99999': give a whole number at least 0"),
        ("INGEST__MODE", "fast", "is 'fast': give one of record, live"),
        ("SECURITY__KAFKA__TLS", "ja", "is 'ja': give true or false"),
        ("TRACKING__REUPDATE", "maybe", "is 'maybe': give true or false"),
        ("TRACKING__NOISE__SIZE", "inf", "is 'inf': give a number at least 0"),
        ("INGEST", "5", "is no JSON object"),
        ("INGEST", '{"fpss": 5}', "ingest.fpss in WARDSTREAM_INGEST is no setting: did you mean"),
        ("WATCHDOG__HEALTH", "x", "is no JSON object"),
        ("WATCHDOG__HEALTH__INGEST", f"ftp://u:{SECRET}@h", "is ftp://h: give a URL with http://"),
        ("DATABASE_URL", "", "is empty: give a URL"),
        ("DATABASE_URL", f"postgresql://u:{SECRET}#x@db/w", ENCODE),
        ("DATABASE_URL", f"mysql://u:{SECRET}@db/w", "is mysql://db/w: give a URL with postgresql"),
        ("REDIS_URL", f"redis://u:{SECRET}[x@cache/0", ENCODE),
        ("REDIS_URL", f"redis://:{SECRET}@cache:abc/0", "its host or port cannot be read"),
        ("REDIS_URL", "cache:6379", "give a URL with redis://, rediss:// or unix://"),
        ("REGISTRY_URL", f"http://u:{SECRET}/x@registry", ENCODE),
        ("REGISTRY_URL", "http://:8081/apis", "give a host"),
        ("WATCHDOG__WEBHOOK_URL", f"hooks.example.org/{SECRET}", "give a URL with http://"),
        ("KAFKA_BOOTSTRAP", ",", "is ',': give host:port"),
        ("KAFKA_BOOTSTRAP", "a:9092 b:9092", "or several with commas between them"),
        ("KAFKA_BOOTSTRAP", "fe80::1", "give an IPv6 address in brackets"),
        ("KAFKA_BOOTSTRAP", "SASL_SSL://k:9093", "set WARDSTREAM_SECURITY__KAFKA__TLS, and set WA"),
        ("KAFKA_BOOTSTRAP", "http://k:9093", "give host:port"),
        ("DATABASE_URL", "host=db password=Ward 9secret user=x", "after `password` it cannot be"),
        ("DATABASE_URL", "host=db password='Ward9secret user=x", "after `password` it cannot be"),
        ("DATABASE_URL", "host=db Wardpasswd=Ward9secret", "after `host` it cannot be read"),
        ("DATABASE_URL", f"host=db port={SECRET}", "its `port` is no number from 1 to 65535"),
        ("DATABASE_URL", SECRET, "it cannot be read: give a URL with postgresql://"),
        ("DATABASE_URL", f"postgresql://h/w?passwd={SECRET}", "its parameters cannot be read"),
        ("KAFKA_BOOTSTRAP", f"u:{SECRET}@kafka:9092", "give host:port"),
        ("KAFKA_BOOTSTRAP", "a:9092,b:0", "give host:port"),
        ("INGEST__OBJECT_STORE_URL", "/frames", "give a URL with file:// or s3://"),
        ("REDIS_URL_FILE", "", "is empty: give a path"),
        ("REDIS_URL_FILE", "/nowhere", "/nowhere cannot be read"),
        ("REDIS_URL_FILE", sys.executable, "is not UTF-8: save it as UTF-8"),
        ("TOPIC_PREFIX", "ward 3/", "give at most 150 of A-Z, a-z"),
        ("TOPIC_PREFIX", "\udcff", "is not UTF-8"),
        ("REDIS_URL", f"redis://:{SECRET}\udcff@h", "is not UTF-8"),
        ("config", "/nowhere.toml", "is read in capitals only: write WARDSTREAM_CONFIG"),
        ("redis_url_file", "/x", "is read in capitals only: write WARDSTREAM_REDIS_URL_FILE"),
        ("CONFIG", "/nowhere.toml", "/nowhere.toml does not exist"),
        ("CONFIG", "/", "is a folder: give a TOML file"),
    ],
)
def test_a_wrong_variable_is_refused_in_one_sentence(
    name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"WARDSTREAM_{name}", value)

    (found,) = refusal()

    assert sentence in found
    assert f"WARDSTREAM_{name}" in found


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("[ingest]\nfpss = 5", "ingest.fpss in wardstream.toml is no setting: did you mean inge"),
        ("[tracking.noise]\nsiz = 5", "tracking.noise.siz in wardstream.toml is no setting"),
        ("[security.kafka]\npasswrd = 'x'", "did you mean security.kafka.password?"),
        ("[ingst]\nfps = 5", "ingst in wardstream.toml is no setting: did you mean ingest?"),
        ("fps = 5", "fps in wardstream.toml is no setting: did you mean ingest.fps?"),
        ("[ingest]\nfps = true", "ingest.fps in wardstream.toml is true: give a number"),
        ("[ingest]\nfps = 'x'", "ingest.fps in wardstream.toml is 'x': give a number"),
        ("[ingest]\nfps = inf", "ingest.fps in wardstream.toml is inf: give a number"),
        ("ingest = 5", "ingest in wardstream.toml is a section"),
        ("[[ingest]]\nfps = 1", "ingest in wardstream.toml is a section"),
        ("[ingest.fps]\nx = 1", "ingest.fps.x in wardstream.toml is no setting"),
        ("topic_prefix = 5", "topic_prefix in wardstream.toml is 5: give a text"),
        ("redis_prefix = ''", "redis_prefix in wardstream.toml is empty"),
        ("x y", "wardstream.toml is no TOML: Expected '=' after a key"),
        (b"\xff\xfe[\x00", "wardstream.toml is not UTF-8: save it as UTF-8"),
    ],
)
def test_a_wrong_entry_of_the_file_is_refused_in_one_sentence(
    toml: str | bytes, sentence: str, tmp_path: Path
) -> None:
    content = toml if isinstance(toml, bytes) else f"{toml}\n".encode()
    (tmp_path / "wardstream.toml").write_bytes(content)

    (found,) = refusal()

    assert sentence in found


def test_every_wrong_setting_has_its_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INGEST__FPS", "INGEST__MAX_WIDTH", "SINK__BATCH_ROWS", "LOG_LEVEL"):
        monkeypatch.setenv(f"WARDSTREAM_{name}", "x")

    assert len(refusal()) == 4


@pytest.mark.parametrize(
    ("name", "value", "setting", "taken"),
    [
        ("KAFKA_BOOTSTRAP", "kafka", "kafka_bootstrap", "kafka:9092"),
        ("KAFKA_BOOTSTRAP", "a:9092, b,", "kafka_bootstrap", "a:9092,b:9092"),
        ("KAFKA_BOOTSTRAP", "plaintext://[::1]:9093", "kafka_bootstrap", "[::1]:9093"),
        ("DATABASE_URL", "host=db password='a b'", "database_address", "host=db password='a b'"),
        ("LOG_LEVEL", "INFO", "log_level", "info"),
        ("INGEST__MODE", '"Record"\r', "ingest.mode", "record"),
        ("REGISTRY_URL", "'http://r:8081/apis'\r\n", "registry_url", "http://r:8081/apis"),
        ("WATCHDOG__OWNER", "'Ward'", "watchdog.owner", "'Ward'"),
        ("SECURITY__KAFKA__CHECK_HOSTNAME", "off", "security.kafka.check_hostname", False),
        ("SECURITY__KAFKA__CHECK_HOSTNAME", "NO", "security.kafka.check_hostname", False),
        ("TRACKING__REUPDATE", "0", "tracking.reupdate", False),
        ("STREAM__BATCH_MAX", "8.0", "stream.batch_max", 8),
        ("INGEST__FPS", " 5 ", "ingest.fps", 5.0),
        ("ingest__fps", "5e0", "ingest.fps", 5.0),
        ("INGEST", '{"fps": 5}', "ingest.fps", 5.0),
        ("INFERENCE__WEIGHTS", "", "inference.weights", None),
        ("WATCHDOG__WEBHOOK_URL", "", "watchdog.webhook_url", None),
        ("SECURITY__KAFKA__USER", "", "security.kafka.user", ""),
        ("TOPIC_PREFIX", "", "topic_prefix", ""),
        ("WATCHDOG__HEALTH__INGEST", "http://h/x", "watchdog.health", {"ingest": "http://h/x"}),
        ("METRICS_PORT", "tcp://10.96.0.3:9100", "metrics_port", 0),
    ],
)
def test_a_right_form_is_taken(
    name: str, value: str, setting: str, taken: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"WARDSTREAM_{name}", value)

    found: object = load_settings()
    for part in setting.split("."):
        found = getattr(found, part)

    assert found == taken


def test_a_file_with_a_byte_order_sign_is_read(tmp_path: Path) -> None:
    (tmp_path / "wardstream.toml").write_bytes(b"\xef\xbb\xbf[ingest]\r\nfps = 3\r\n")

    assert load_settings().ingest.fps == 3


@pytest.mark.parametrize("service", ["", "API_", "KAFKA_", "METRICS_", "PORT_", "SERVICE_"])
def test_what_kubernetes_sets_for_a_service_is_let_through(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that a kubelet sets for a Service named wardstream, or wardstream-api, with two ports."""
    for name, value in {
        "SERVICE_HOST": "10.96.0.3",
        "SERVICE_PORT": "8080",
        "SERVICE_PORT_HTTP": "8080",
        "SERVICE_PORT_METRICS_API": "9100",
        "PORT": "tcp://10.96.0.3:8080",
        "PORT_8080_TCP": "tcp://10.96.0.3:8080",
        "PORT_8080_TCP_PROTO": "tcp",
        "PORT_8080_TCP_PORT": "8080",
        "PORT_8080_TCP_ADDR": "10.96.0.3",
        "PORT_9100_UDP": "udp://10.96.0.3:9100",
        "PORT_9100_UDP_ADDR": "10.96.0.3",
    }.items():
        monkeypatch.setenv(f"WARDSTREAM_{service}{name}", value)

    assert refusal() == []


def test_no_setting_can_be_taken_for_one_of_kubernetes() -> None:
    for name, _ in describe():
        assert not from_kubernetes("WARDSTREAM_" + name.upper().replace(".", "__"), "5"), name


def test_variables_of_ours_that_are_no_settings_are_let_through(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "site.toml").write_text("")
    for name in NO_SETTINGS:
        monkeypatch.setenv(f"WARDSTREAM_{name}", "site.toml")

    assert refusal() == []
    assert {f"WARDSTREAM_{name}" for name in NO_SETTINGS} >= {one for one, _ in HOST_PORTS.values()}


def test_variables_of_other_programs_are_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOG_LEVEL", "KAFKA_BOOTSTRAP", "REDIS_URL", "DATABASE_URL", "INGEST__FPS"):
        monkeypatch.setenv(name, "x")

    assert refusal() == []


def test_a_setting_given_twice_in_two_cases_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDSTREAM_INGEST__FPS", "5")
    monkeypatch.setenv("wardstream_ingest__fps", "7")

    (found,) = refusal()

    assert "is set twice" in found


def test_a_name_that_is_no_text_is_shown_as_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDSTREAM_FOO\udcff", "1")

    (found,) = refusal()

    assert found.encode().startswith(b"WARDSTREAM_FOO\\udcff is not UTF-8")
