"""Certificates made with the openssl command, once a session."""

from __future__ import annotations

import subprocess
from pathlib import Path


def openssl(*arguments: str, **options) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, **options)


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path, name: str):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.certificate = folder / f"{name}.crt"
        self.key = folder / f"{name}.key"
        openssl(
            *"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(),
            *("-keyout", str(self.key), "-out", str(self.certificate), "-subj", f"/CN={name}"),
            *("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )

    def issue(self, name: str, alternatives: str = "IP:127.0.0.1,DNS:localhost", days: int = 2) -> tuple[Path, Path]:
        """A certificate and its key; a negative number of days makes one that has expired."""
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternatives}\nextendedKeyUsage=serverAuth,clientAuth\n")
        openssl(
            *"req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(),
            *("-keyout", str(key), "-out", str(request), "-subj", f"/CN={name}"),
        )
        if days > 0:
            openssl(
                *("x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self.key)),
                *("-CAcreateserial", "-days", str(days), "-extfile", str(extensions), "-out", str(certificate)),
            )
        else:
            self._expired(request, extensions, certificate)
        return certificate, key

    def _expired(self, request: Path, extensions: Path, certificate: Path) -> None:
        """`openssl x509` of Debian 12 cannot set dates; `openssl ca` can."""
        folder = self.folder / "ca"
        folder.mkdir(exist_ok=True)
        (folder / "index.txt").write_text("")
        (folder / "serial").write_text("1000\n")
        config = folder / "ca.cnf"
        config.write_text(
            "[ca]\ndefault_ca=here\n[here]\n"
            f"dir={folder}\ndatabase={folder}/index.txt\nserial={folder}/serial\nnew_certs_dir={folder}\n"
            "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n"
        )
        openssl(
            *("ca", "-batch", "-config", str(config), "-in", str(request), "-out", str(certificate), "-notext"),
            *("-cert", str(self.certificate), "-keyfile", str(self.key), "-extfile", str(extensions)),
            *("-startdate", "20200101000000Z", "-enddate", "20200102000000Z"),
        )
