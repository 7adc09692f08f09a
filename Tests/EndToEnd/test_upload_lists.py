"""Lists of unfinished uploads, by each cloud's own SDK where it has a call: what a client sees of them, and of its own keys,
where a route gives the store other ones."""

from __future__ import annotations

import urllib.parse
from pathlib import Path

import alibabacloud_oss_v2 as v2
import oss2
import pytest
import requests
import tos
from support import configs, sdks, tos_client, us3
from support.gateway import Gateway
from support.peers import answer, replies


class OSS:
    delimits = True
    inner_bucket = "inner-bucket"
    type = "application/xml"

    @staticmethod
    def directory(path, route):
        return configs.sdk(path, route=route)

    @staticmethod
    def edge(port: int, route):
        config = configs.sdk(Path("/nowhere"), route=route)
        credentials = {"id": f"plain:{configs.PARTNER_ID}", "secret": f"plain:{configs.PARTNER_SECRET}"}
        config["stores"] = {"shelf": configs.oss_store(port, bucket=OSS.inner_bucket, credentials=credentials)}
        return config

    def __init__(self, front: Gateway, bucket: str = "uploads"):
        auth = oss2.AuthV4(configs.PARTNER_ID, configs.PARTNER_SECRET)
        self.bucket = oss2.Bucket(auth, front.endpoint, bucket, region="cn-hangzhou")

    def begin(self, key: str) -> str:
        return self.bucket.init_multipart_upload(key).upload_id

    def page(self, prefix="", delimiter="", after=("", ""), most=1000):
        told = self.bucket.list_multipart_uploads(prefix, delimiter, after[0], after[1], most)
        uploads = [(one.key, one.upload_id) for one in told.upload_list]
        return uploads, list(told.prefix_list), (told.next_key_marker, told.next_upload_id_marker) if told.is_truncated else None

    def refusal(self) -> tuple[int, str]:
        with pytest.raises(oss2.exceptions.ServerError) as refused:
            self.page()
        return refused.value.status, refused.value.message

    def close(self):
        self.bucket.session.session.close()
        sdks.close_all()


class TOS:
    delimits = True
    inner_bucket = tos_client.BUCKET
    type = "application/json"
    directory, edge = staticmethod(tos_client.directory), staticmethod(tos_client.edge)

    def __init__(self, front: Gateway, bucket: str = tos_client.BUCKET):
        self.client = tos_client.client(front.sdk)

    def begin(self, key: str) -> str:
        return self.client.create_multipart_upload(tos_client.BUCKET, key).upload_id

    def page(self, prefix="", delimiter="", after=("", ""), most=1000):
        told = self.client.list_multipart_uploads(
            tos_client.BUCKET, prefix=prefix, delimiter=delimiter, key_marker=after[0], upload_id_marker=after[1], max_uploads=most
        )
        assert (told.bucket, told.prefix or "", told.key_marker or "") == (tos_client.BUCKET, prefix, after[0])
        uploads = [(one.key, one.upload_id) for one in told.uploads]
        prefixes = [one.prefix for one in told.common_prefixes]
        return uploads, prefixes, (told.next_key_marker, told.next_upload_id_marker) if told.is_truncated else None

    def refusal(self) -> tuple[int, str]:
        with pytest.raises(tos.exceptions.TosServerError) as refused:
            self.page()
        return refused.value.status_code, refused.value.message

    def close(self):
        self.client.close()


class US3:
    """Its SDK has no call for lists."""

    delimits = False
    inner_bucket = us3.BUCKET
    type = "application/json"
    directory, edge = staticmethod(us3.directory), staticmethod(us3.edge)

    def __init__(self, front: Gateway, bucket: str = us3.BUCKET):
        self.url = "http://{}:{}".format(*front.sdk)

    def begin(self, key: str) -> str:
        signed = {"Authorization": us3.authorization("POST", key)}
        return requests.post(f"{self.url}/{urllib.parse.quote(key)}?uploads", headers=signed).json()["UploadId"]

    def ask(self, **query) -> requests.Response:
        return requests.get(f"{self.url}/", params={"muploadid": "", **query}, headers={"Authorization": us3.authorization("GET", "")})

    def page(self, prefix="", delimiter="", after=("", ""), most=1000):
        told = self.ask(prefix=prefix, marker=after[0], limit=most).json()
        assert (told["RetCode"], told["ErrMsg"]) == (0, "")
        return [(one["FileName"], one["UploadId"]) for one in told["DataSet"]], [], (told["NextMarker"], "") if told["NextMarker"] else None

    def refusal(self) -> tuple[int, str]:
        told = self.ask()
        return told.status_code, told.json()["ErrMsg"]

    def close(self):
        pass


CLOUDS = {"oss": OSS, "tos": TOS, "us3": US3}
KEYS = ["a/1", "a/2", "a/b/1", "b", "c/<&>%25 +\"'/1", "目录/报告", "目录/报告2"]
# Each has something in front of the client's own key, which is the same for all requests of one client to one bucket.
LEADS = {"none": "${path}", "constant": "in/${path}", "odd": "<&> %+目/${path}", "client": "of/${client.id}/${path}"}


@pytest.fixture(params=list(CLOUDS))
def cloud(request):
    return CLOUDS[request.param]


@pytest.fixture
def rigs(cloud, start, tmp_path):
    """Makes a client in front of a directory or an edge, and one of the directory itself."""
    made = []

    def make(kind: str, key: str):
        store = start(cloud.directory(tmp_path / "objects", {"key": key if kind == "directory" else "${path}"}), name="store")
        front = store if kind == "directory" else start(cloud.edge(store.sdk[1], {"key": key}), name="edge")
        made.extend([cloud(front), cloud(store, cloud.inner_bucket)])
        return made[-2:]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("kind", ["directory", "edge"])
@pytest.mark.parametrize("lead", list(LEADS))
def test_a_client_sees_its_own_keys(rigs, kind, lead):
    rig, _ = rigs(kind, LEADS[lead])
    ids = {key: rig.begin(key) for key in KEYS}
    everything = sorted(ids.items(), key=lambda one: one[0].encode())
    assert rig.page() == (everything, [], None)
    assert rig.page(prefix="目录/报") == ([(key, ids[key]) for key in ("目录/报告", "目录/报告2")], [], None)
    assert rig.page(prefix="c/<&>%25 +") == ([(KEYS[4], ids[KEYS[4]])], [], None)
    assert rig.page(after=("a/2", "")) == ([one for one in everything if one[0] > "a/2"], [], None)
    if rig.delimits:
        uploads, prefixes, after = rig.page(delimiter="/")
        assert (uploads, prefixes, after) == ([("b", ids["b"])], ["a/", "c/", "目录/"], None)
        assert rig.page(prefix="a/", delimiter="/") == ([("a/1", ids["a/1"]), ("a/2", ids["a/2"])], ["a/b/"], None)


@pytest.mark.parametrize("kind", ["directory", "edge"])
@pytest.mark.parametrize("lead", ["none", "odd"])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_pages_have_everything_once(rigs, kind, lead, most):
    rig, _ = rigs(kind, LEADS[lead])
    ids = {key: rig.begin(key) for key in KEYS}
    delimiters = ["", "/"] if rig.delimits else [""]
    for delimiter in delimiters:
        seen, after = [], ("", "")
        for _ in range(2 * len(KEYS)):
            uploads, prefixes, after = rig.page(delimiter=delimiter, after=after, most=most)
            assert 1 <= len(uploads) + len(prefixes) <= most
            seen += [*uploads, *prefixes]
            if after is None:
                break
        assert after is None, "it goes on for ever"
        wanted = [("b", ids["b"]), "a/", "c/", "目录/"] if delimiter else list(ids.items())
        assert sorted(seen, key=str) == sorted(wanted, key=str)


@pytest.mark.parametrize("kind", ["directory", "edge"])
def test_of_one_key_the_next_page_begins_with_the_next_upload(rigs, kind):
    rig, _ = rigs(kind, LEADS["constant"])
    ids = sorted(rig.begin("same") for _ in range(3))
    if not rig.delimits:  # US3 has no marker among uploads of one key
        return
    first, _, after = rig.page(most=2)
    rest, _, end = rig.page(after=after, most=2)
    assert ([one[1] for one in first + rest], end) == (ids, None)


@pytest.mark.parametrize("kind", ["directory", "edge"])
@pytest.mark.parametrize("key", ["${path.name}", "x${path}y", "${path.extension}/${path}", "${header.X-Tenant}/${path}"])
def test_keys_that_cannot_be_told_back_are_not_listed(rigs, kind, key):
    status, message = rigs(kind, key)[0].refusal()
    assert status == 501
    assert message == "Route all makes keys in which the client's cannot be found again, so its uploads cannot be listed."


def test_uploads_under_other_keys_are_nobodys(rigs):
    """A neighbour's uploads in the same store are not in the list."""
    rig, neighbour = rigs("edge", "in/${path}")
    mine = rig.begin("mine")
    for key in ("im/before", "in", "in0/behind"):
        neighbour.begin(key)
    assert [key for key, _ in neighbour.page()[0]] == ["im/before", "in", "in/mine", "in0/behind"]
    assert rig.page() == ([("mine", mine)], [], None)


def test_lists_tell_the_class_that_an_upload_was_begun_with(start, tmp_path):
    """`X-Ufile-Storage-Class` goes with InitiateMultipartUpload (initiate_multipart_upload.md of the US3 API manual)."""
    front = start(us3.directory(tmp_path / "us3"), name="us3")
    url = "http://{}:{}".format(*front.sdk)
    signed = {"Authorization": us3.authorization("POST", "k"), "X-Ufile-Storage-Class": "IA", "X-Ufile-Meta-Storage-Class": "no"}
    upload = requests.post(f"{url}/k?uploads", headers=signed).json()["UploadId"]
    signed = {"Authorization": us3.authorization("GET", "")}
    assert requests.get(f"{url}/?muploadpart&uploadId={upload}", headers=signed).json()["StorageClass"] == "IA"
    assert requests.get(f"{url}/?muploadid", headers=signed).json()["DataSet"][0]["StorageClass"] == "IA"
    front = start(tos_client.directory(tmp_path / "tos"), name="tos")
    client = tos_client.client(front.sdk)
    upload = client.create_multipart_upload(tos_client.BUCKET, "k", storage_class=tos.StorageClassType.Storage_Class_Ia).upload_id
    assert client.list_parts(tos_client.BUCKET, "k", upload).storage_class == tos.StorageClassType.Storage_Class_Ia
    assert client.list_multipart_uploads(tos_client.BUCKET).uploads[0].storage_class == tos.StorageClassType.Storage_Class_Ia
    client.close()
    client = sdks.client("v2-v4", start(configs.sdk(tmp_path / "oss"), name="oss").endpoint).client
    upload = client.initiate_multipart_upload(v2.InitiateMultipartUploadRequest("uploads", "k", storage_class="IA")).upload_id
    assert client.list_parts(v2.ListPartsRequest("uploads", "k", upload)).storage_class == "IA"
    sdks.close_all()


LISTS = {
    OSS: b"<ListMultipartUploadsResult><Bucket>b</Bucket><Upload><Key>elsewhere/x</Key><UploadId>i</UploadId></Upload>"
    b"</ListMultipartUploadsResult>",
    TOS: b'{"Bucket":"b","Uploads":[{"Key":"elsewhere/x","UploadId":"i"}]}',
    US3: b'{"RetCode":0,"ErrMsg":"","NextMarker":"","DataSet":[{"FileName":"elsewhere/x","UploadId":"i"}]}',
}


def test_a_store_that_lists_other_keys_is_not_believed(cloud, start, peers):
    store = peers.store()
    store.script = [replies(answer(200, LISTS[cloud], ("Content-Type", cloud.type)))]
    rig = cloud(start(cloud.edge(store.port, {"key": "in/${path}"})))
    assert rig.refusal() == (500, "The store lists keys that it was not asked for.")
    (request,) = store.requests
    assert "prefix=in%2F" in request.target
    rig.close()
