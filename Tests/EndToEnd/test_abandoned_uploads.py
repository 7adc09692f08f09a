"""Uploads in parts of a directory that their clients never end: dropped after a while, at the start and by a timer."""

from __future__ import annotations

import json
import os
import signal
import time

import oss2
import pytest
from support import configs
from test_metrics import Scrape

DAY = 24 * 60 * 60


class Shelf:
    """A directory with uploads in parts, and the gateway in front of it."""

    def __init__(self, start, tmp_path, **settings):
        self.root = tmp_path / "objects"
        self.start = start
        self.restart(**settings)

    def restart(self, **settings) -> None:
        if hasattr(self, "gateway"):
            self.bucket.session.session.close()
            self.gateway.stop()
        self.gateway = self.start(self.config(**settings), name="shelf")
        auth = oss2.AuthV4(configs.PARTNER_ID, configs.PARTNER_SECRET)
        self.bucket = oss2.Bucket(auth, self.gateway.endpoint, "uploads", region="cn-hangzhou")

    def config(self, **settings):
        return configs.sdk(self.root, stores={"shelf": settings})

    def begin(self, key: str, age: float = 0) -> str:
        """Begins an upload with a part, as if that was `age` seconds ago."""
        upload_id = self.bucket.init_multipart_upload(key).upload_id
        self.bucket.upload_part(key, upload_id, 1, b"part of " + key.encode())
        self.let_age(upload_id, age)
        return upload_id

    def let_age(self, upload_id: str, age: float) -> None:
        when = time.time() - age
        os.utime(self.root / ".uploads" / upload_id, (when, when))

    def uploads(self) -> set[str]:
        return set(os.listdir(self.root / ".uploads"))

    def swept(self) -> float:
        return Scrape(self.gateway).value("putback_abandoned_uploads_total", store="shelf")


@pytest.fixture
def shelf(start, tmp_path):
    made: list[Shelf] = []

    def make(**settings) -> Shelf:
        made.append(Shelf(start, tmp_path, **settings))
        return made[0]

    yield make
    for one in made:
        one.bucket.session.session.close()


def test_a_start_drops_what_was_abandoned_for_a_week_and_nothing_else(shelf):
    shelf = shelf()
    old = shelf.begin("old/film.bin", 7 * DAY + 60)
    kept = {shelf.begin("fresh"), shelf.begin("of yesterday", DAY), shelf.begin("nearly", 7 * DAY - 600)}
    resumed = shelf.begin("resumed", 30 * DAY)
    shelf.bucket.upload_part("resumed", resumed, 2, b"goes on")
    assert shelf.swept() == 0
    shelf.restart()
    (line,) = shelf.gateway.wait_for_event("abandoned-upload")
    assert (line["level"], line["store"], line["bucket"], line["key"], line["uploadId"]) == (
        "info", "shelf", "uploads", "old/film.bin", old,
    )  # fmt: skip
    assert shelf.uploads() == kept | {resumed}
    assert not any((path.is_dir() and list(path.iterdir())) for path in (shelf.root / ".tmp").iterdir())
    assert shelf.swept() == 1
    with pytest.raises(oss2.exceptions.NoSuchUpload):
        shelf.bucket.upload_part("old/film.bin", old, 2, b"late")
    assert [part.part_number for part in shelf.bucket.list_parts("resumed", resumed).parts] == [1, 2]


def test_a_running_gateway_drops_them_too(shelf):
    shelf = shelf(abortUploadsAfter="1s")
    old = [shelf.begin(f"old/{number}", 60) for number in range(3)]
    lines = shelf.gateway.wait_for_event("abandoned-upload", 3)
    assert {line["uploadId"] for line in lines} == set(old)
    assert shelf.swept() == 3
    assert not shelf.uploads()


def test_switched_off_they_stay_until_a_reload_says_otherwise(shelf):
    shelf = shelf(abortUploadsAfter="off")
    old = shelf.begin("old", 3650 * DAY)
    shelf.restart(abortUploadsAfter="off")
    shelf.gateway.signal(signal.SIGHUP)
    shelf.gateway.wait_for_event("reloaded")
    assert (shelf.uploads(), shelf.swept()) == ({old}, 0)
    shelf.gateway.write(json.dumps(shelf.config(abortUploadsAfter="2d")))
    shelf.gateway.signal(signal.SIGHUP)
    (line,) = shelf.gateway.wait_for_event("abandoned-upload")
    assert line["uploadId"] == old
    assert shelf.swept() == 1


def test_sweeps_around_what_is_no_upload(shelf):
    shelf = shelf()
    upload_id = shelf.begin("old", 8 * DAY)
    (shelf.root / ".uploads" / ("F" * 32)).write_text("no directory")
    shelf.restart()
    shelf.gateway.wait_for_event("abandoned-upload")
    assert upload_id not in shelf.uploads() and "F" * 32 in shelf.uploads()
